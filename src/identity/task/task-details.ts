import type { JsonObject } from '../../model/json.ts';
import { type Task, type TaskPermission, taskType } from '../../model/task.ts';

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
