import type { AccessRequest, Decision } from '../model/decision.ts';
import { covers } from '../model/task-cover.ts';
import type { Policy } from './ports.ts';

/** Named in place of a policy when a task does not cover what its holder asks for. */
export const taskRule = 'builtin:task';

const outside: Decision = { effect: 'deny', policies: [taskRule], errors: [] };

/**
 * A task is a ceiling: what it does not cover is denied whatever the policy says, and what it covers is still decided by
 * the policy. It stands around the port, so that no adapter can leave it out.
 */
export function confine(policy: Policy): Policy {
  return {
    decide: (request) => (isCovered(request) ? policy.decide(request) : outside),
    couldPermit: (request) => isCovered(request) && policy.couldPermit(request),
  };
}

function isCovered({ subject: { task }, action, resource, args }: AccessRequest): boolean {
  return task === undefined || covers(task, { action: action.id, resource, args });
}
