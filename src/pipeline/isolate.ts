import { hash } from 'node:crypto';
import type { Call } from '../model/call.ts';
import { objectMember, stringMember } from '../model/json.ts';
import { methods } from '../model/method.ts';
import type { Primitive, PrimitiveKind } from '../model/primitive.ts';
import { type OwnedName, parsePublicName, parsePublicUri } from '../model/public-name.ts';
import { Refusal, refuse } from '../model/refusal.ts';
import type { ServerId } from '../model/server-id.ts';
import type { PrincipalKey } from '../model/subject.ts';
import type { Decoded } from './decode.ts';
import type { Front, Ports, Seal } from './ports.ts';
import type { Stage } from './stage.ts';

/** Where a call goes. */
export type Route =
  | { readonly kind: 'answer' | 'gather' | 'listen'; readonly servers: readonly ServerId[] }
  | RelayRoute;

/** A call for one primitive of one upstream. */
export interface RelayRoute {
  readonly kind: 'relay';
  readonly primitive: Primitive;
  /** The upstream's own request state, on a retry that this principal may make. */
  readonly requestState: string | undefined;
}

/** It is known which upstream the call is for, and that every handle in it belongs to its sender. */
export interface Isolated extends Decoded {
  readonly route: Route;
}

/** Resolves public names to (server, primitive) and opens sealed handles for their owner alone. */
export function isolate(ports: Pick<Ports, 'front' | 'seal'>): Stage<Decoded, { readonly route: Route }> {
  return {
    name: 'isolate',
    run: ({ call, subject }) => {
      const route = routeOf(ports, call, subject.principal);
      return route instanceof Refusal ? route : { route };
    },
  };
}

/** What a sealed request state is bound to: who, which request, and its exact arguments (patterns/mrtr, "Security"). */
export function stateBinding(principal: PrincipalKey, call: Call): string {
  const args = JSON.stringify(call.params['arguments'] ?? null);
  return JSON.stringify([
    'state',
    principal,
    call.endpoint,
    call.method,
    call.target ?? '',
    hash('sha256', args),
  ]);
}

function routeOf(
  { front, seal }: { readonly front: Front; readonly seal: Seal },
  call: Call,
  principal: PrincipalKey,
): Route | Refusal {
  const servers = front.servers(call.endpoint);
  if (servers === undefined) return refuse('endpoint_unknown', `endpoint ${JSON.stringify(call.endpoint)}`);
  const { route, acts } = methods[call.method];
  if (route !== 'relay') return { kind: route, servers };
  const reference =
    call.method === 'completion/complete' ? completionReference(call) : { kind: acts, name: call.target };
  const owned = ownerOf(call, reference);
  if (owned === undefined || !servers.includes(owned.server)) return unknownTarget(reference.kind, call);
  const requestState = openState(seal, call, principal);
  if (requestState instanceof Refusal) return requestState;
  return { kind: 'relay', primitive: { ...owned, kind: reference.kind }, requestState };
}

interface Reference {
  readonly kind: PrimitiveKind;
  readonly name: string | undefined;
}

/**
 * A completion acts on the prompt or resource template that its `ref` names (server/utilities/completion). A reference
 * of any other type names nothing: an upstream might read something in it that was not decided.
 */
function completionReference(call: Call): Reference {
  const ref = objectMember(call.params, 'ref');
  if (ref?.['type'] === 'ref/prompt') return { kind: 'prompt', name: stringMember(ref, 'name') };
  return { kind: 'template', name: ref?.['type'] === 'ref/resource' ? stringMember(ref, 'uri') : undefined };
}

function ownerOf({ endpoint }: Call, { kind, name }: Reference): OwnedName | undefined {
  if (name === undefined) return undefined;
  const byUri = kind === 'resource' || kind === 'template';
  return byUri ? parsePublicUri(endpoint, name) : parsePublicName(endpoint, name);
}

function openState(seal: Seal, call: Call, principal: PrincipalKey): string | undefined | Refusal {
  const sealed = call.params['requestState'];
  if (sealed === undefined) return undefined;
  const opened = typeof sealed === 'string' ? seal.unwrap(sealed, stateBinding(principal, call)) : undefined;
  return (
    opened ??
    refuse('state_invalid', 'the request state is altered, expired, or of another call or principal')
  );
}

/** INVARIANT: names that do not exist and names that the caller may not see get this same answer. */
export function unknownTarget(kind: PrimitiveKind, call: Call): Refusal {
  const detail = `no visible ${kind} ${JSON.stringify(call.target ?? '')}`;
  if (kind !== 'resource' && kind !== 'template') return refuse('primitive_unknown', detail);
  return refuse('resource_unknown', detail, { data: { uri: call.target ?? '' } });
}
