import type { AccessRequest, Decision, Resource } from '../model/decision.ts';
import { objectMember } from '../model/json.ts';
import { Refusal } from '../model/refusal.ts';
import { accessRequest } from './access.ts';
import type { Ports } from './ports.ts';
import type { Resolved } from './resolve.ts';
import type { Stage } from './stage.ts';

/**
 * The proof that a call was authorized. The class is not exported as a value and has a private field, so no other
 * module can make one, neither by `new` nor by writing an object of the same shape.
 */
class IssuedPermit {
  readonly action: string;
  readonly resource: Resource | undefined;
  readonly policies: readonly string[];
  readonly #issued = true;

  constructor(action: string, resource: Resource | undefined, policies: readonly string[]) {
    this.action = action;
    this.resource = resource;
    this.policies = policies;
  }

  /** Guards against an object that was made without the constructor. */
  get valid(): boolean {
    return this.#issued;
  }
}

/** What `forward` demands. Only this stage issues it. */
export type Permit = IssuedPermit;

/** The policy permits the call. */
export interface Authorized extends Resolved {
  readonly permit: Permit;
}

/** Asks the policy engine. Deny is the default: only an explicit `permit` without any error passes. */
export function authorize({
  policy,
  tagger,
}: Pick<Ports, 'policy' | 'tagger'>): Stage<Resolved, { readonly permit: Permit }> {
  return {
    name: 'authorize',
    run: (state) => {
      const { route, call } = state;
      if (route.kind !== 'relay') return { permit: filteredAnswer(call.method) };
      const args = objectMember(call.params, 'arguments') ?? {};
      const request = accessRequest(tagger, state, route.primitive, call.method, args);
      return judge(request, policy.decide(request));
    },
  };
}

function judge(request: AccessRequest, decision: Decision): { readonly permit: Permit } | Refusal {
  const { action, resource } = request;
  if (decision.effect === 'permit') {
    return { permit: new IssuedPermit(action.id, resource, decision.policies) };
  }
  return new Denied(request, decision);
}

/** A denial by policy; it carries what decided, for the record. */
export class Denied extends Refusal {
  readonly request: AccessRequest;
  readonly policies: readonly string[];

  constructor(request: AccessRequest, { policies, errors }: Decision) {
    super('policy_denied', errors.length > 0 ? errors.join('; ') : because(policies));
    this.request = request;
    this.policies = policies;
  }
}

function because(policies: readonly string[]): string {
  return policies.length > 0 ? `forbidden by ${policies.join(', ')}` : 'no policy permits it';
}

/** Lists, discovery and change streams are open to every subject, because they show only what it could be permitted. */
function filteredAnswer(method: string): Permit {
  return new IssuedPermit(method, undefined, ['builtin:filtered']);
}
