import type { JsonValue } from '../../model/json.ts';
import type { TaskBudget, TaskPermission } from '../../model/task.ts';

/** The most a task may have, as the operator says. */
export interface TaskTemplate {
  readonly purpose?: string;
  /** Actions such as `github:create_pr`; a name may end with `*`. */
  readonly actions: readonly string[];
  readonly constraints: Readonly<Record<string, readonly JsonValue[]>>;
  readonly calls?: number;
  readonly bytes?: number;
  readonly seconds?: number;
}

/** The template of an owner who has configured none: everything that policies permit. */
export const defaultTemplate: TaskTemplate = { actions: ['*'], constraints: {} };

/** What a template permits. */
export function permissionOf({ actions, constraints }: TaskTemplate): TaskPermission {
  return { actions, ...(Object.keys(constraints).length > 0 && { constraints }) };
}

/** What a template lets a task use up. */
export function budgetOf({ calls, bytes }: TaskTemplate): TaskBudget {
  return { ...(calls !== undefined && { calls }), ...(bytes !== undefined && { bytes }) };
}
