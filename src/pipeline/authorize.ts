import type { Call } from '../model/call.ts';
import type { AccessRequest, Decision, Resource } from '../model/decision.ts';
import type { DenialCode } from '../model/denial.ts';
import { after, type Eventual } from '../model/eventual.ts';
import { type JsonObject, objectMember } from '../model/json.ts';
import { methods } from '../model/method.ts';
import type { Listed, Primitive } from '../model/primitive.ts';
import { Refusal } from '../model/refusal.ts';
import { pinsOf } from '../model/task-cover.ts';
import { accessRequest, callerOf, usedBy } from './access.ts';
import { taskRule } from './confine.ts';
import { unknownTarget } from './isolate.ts';
import type { Ports } from './ports.ts';
import type { Resolved } from './resolve.ts';
import type { Stage } from './stage.ts';
import { toolDigest } from './tool-digest.ts';
import type { Visible } from './visible.ts';

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

type Authorization = { readonly permit: Permit };

/**
 * Asks the policy engine. Deny is the default: only an explicit `permit` without any error passes. What the caller
 * could never be permitted does not exist for it.
 */
export function authorize(
  ports: Pick<Ports, 'policy' | 'tagger' | 'catalog'>,
  visible: Visible,
): Stage<Resolved, Authorization> {
  return {
    name: 'authorize',
    run: (state) => {
      const { route, call, listed } = state;
      if (route.kind !== 'relay' || listed === undefined) return { permit: filteredAnswer(call.method) };
      const args = argumentsOf(call);
      const request = accessRequest(ports.tagger, state, route.primitive, call.method, args);
      const decision = ports.policy.decide(request);
      const shown =
        impliesVisible(request, decision) || visible(state, { ...listed, primitive: route.primitive });
      return shown ? judge(request, decision, listed) : hide(ports, state, route.primitive);
    },
  };
}

/**
 * Tools and prompts have arguments. What stands under that name in another request is read by no server, so it must not
 * decide anything: a reader of resources could write there what a policy wants to see.
 */
function argumentsOf({ method, params }: Call): JsonObject {
  return (methods[method].target === 'name' ? objectMember(params, 'arguments') : undefined) ?? {};
}

/** Whoever may use a primitive with these arguments may use it with some; that need not be asked again. */
function impliesVisible({ action, resource }: AccessRequest, { effect }: Decision): boolean {
  return effect === 'permit' && action.method === usedBy[resource.primitive.kind];
}

/** INVARIANT: a hidden primitive takes the way of one that does not exist, which asks an old list again. */
function hide({ catalog }: Pick<Ports, 'catalog'>, state: Resolved, primitive: Primitive): Eventual<Refusal> {
  const unknown = unknownTarget(primitive.kind, state.call);
  const found = catalog.find(primitive, callerOf(state), () => false);
  return after(found, () => unknown);
}

function judge(request: AccessRequest, decision: Decision, listed: Listed): Authorization | Refusal {
  const { action, resource } = request;
  if (decision.effect === 'permit') {
    if (!isAsGranted(request, listed)) return new Denied(request, decision, 'tool_changed');
    return { permit: new IssuedPermit(action.id, resource, decision.policies) };
  }
  return new Denied(request, decision);
}

/** A denial by policy; it carries what decided, for the record. */
export class Denied extends Refusal {
  readonly request: AccessRequest;
  readonly policies: readonly string[];

  constructor(request: AccessRequest, { policies, errors }: Decision, code: DenialCode = denialOf(policies)) {
    super(code, errors.length > 0 ? errors.join('; ') : because(policies));
    this.request = request;
    this.policies = policies;
  }
}

function denialOf(policies: readonly string[]): DenialCode {
  return policies.includes(taskRule) ? 'outside_task' : 'policy_denied';
}

/** A task pins the definition of a tool as it was when the task was granted; a tool that changed since is another one. */
function isAsGranted(
  { subject: { task }, action, resource, args }: AccessRequest,
  { item }: Listed,
): boolean {
  if (task === undefined) return true;
  const pins = pinsOf(task, { action: action.id, resource, args });
  return pins.some((pin) => pin === undefined || pin === toolDigest(item));
}

function because(policies: readonly string[]): string {
  return policies.length > 0 ? `forbidden by ${policies.join(', ')}` : 'no policy permits it';
}

/** Lists, discovery and change streams are open to every subject, because they show only what it could be permitted. */
function filteredAnswer(method: string): Permit {
  return new IssuedPermit(method, undefined, ['builtin:filtered']);
}
