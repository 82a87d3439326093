import type { JsonObject } from '../../model/json.ts';
import { type Task, type TaskPermission, taskType } from '../../model/task.ts';

/**
 * The members of an entry of type `mcp_task`. INVARIANT: an entry with any other is refused, in requests and in tokens,
 * because what is not understood may be what limits the task.
 */
export const detailMembers: ReadonlySet<string> = new Set([
  'type',
  'actions',
  'tool_digests',
  'constraints',
  'max_calls',
  'max_bytes',
  'purpose',
  'not_after',
]);

/** The digest of a tool's definition: SHA-256, base64url. */
export const toolDigestForm: RegExp = /^sha-256:[A-Za-z0-9_-]{43}$/;

/** A task as `authorization_details` say it (RFC 9396), in tokens and in answers: one entry for each permission. */
export function taskDetails({ permissions, budget, purpose, notAfter }: Task): readonly JsonObject[] {
  return permissions.map((permission) => ({
    type: taskType,
    ...permissionMembers(permission),
    ...(budget.calls !== undefined && { max_calls: budget.calls }),
    ...(budget.bytes !== undefined && { max_bytes: budget.bytes }),
    ...(purpose !== undefined && { purpose }),
    not_after: Math.floor(notAfter / 1000),
  }));
}

function permissionMembers({ actions, digests, constraints }: TaskPermission): JsonObject {
  return {
    actions,
    ...(digests && Object.keys(digests).length > 0 && { tool_digests: digests }),
    ...(constraints && Object.keys(constraints).length > 0 && { constraints }),
  };
}
