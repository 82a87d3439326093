import type { JsonValue } from './json.ts';
import type { Task, TaskBudget, TaskPermission } from './task.ts';
import { matchesAction } from './task-cover.ts';

/** The part of a task that delegation may only narrow. */
export type TaskExtent = Pick<Task, 'permissions' | 'budget' | 'notAfter'>;

/** Whether everything that a child may do, its parent may do too: permissions, digests, budget and deadline. */
export function isNarrower(child: TaskExtent, parent: TaskExtent): boolean {
  return (
    child.notAfter <= parent.notAfter &&
    isWithin(child.budget, parent.budget) &&
    outsideOf(child.permissions, parent.permissions).length === 0
  );
}

/** Whether a budget is no larger than another. */
export function isWithin(child: TaskBudget, parent: TaskBudget): boolean {
  return (
    (child.calls ?? Infinity) <= (parent.calls ?? Infinity) &&
    (child.bytes ?? Infinity) <= (parent.bytes ?? Infinity)
  );
}

/** The actions of a child that no permission of the parent holds as a whole. */
export function outsideOf(
  child: readonly TaskPermission[],
  parent: readonly TaskPermission[],
): readonly string[] {
  return child.flatMap((permission) =>
    permission.actions.filter((action) => !parent.some((wider) => holds(wider, permission, action))),
  );
}

/**
 * What two lists of permissions have in common: each permission covers only what both of its sides cover. Pins are kept;
 * where two sides pin one action differently, nothing is left of it.
 */
export function intersect(
  request: readonly TaskPermission[],
  ceiling: readonly TaskPermission[],
): readonly TaskPermission[] {
  return request.flatMap((one) => ceiling.flatMap((other) => common(one, other)));
}

/** The smaller of two budgets. */
export function smallerBudget(one: TaskBudget, other: TaskBudget): TaskBudget {
  const calls = smaller(one.calls, other.calls);
  const bytes = smaller(one.bytes, other.bytes);
  return { ...(calls !== undefined && { calls }), ...(bytes !== undefined && { bytes }) };
}

function smaller(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

/** Whether a permission holds one action of another as that one is constrained and pinned. */
function holds(wider: TaskPermission, narrower: TaskPermission, action: string): boolean {
  return (
    wider.actions.some((pattern) => isBelow(action, pattern)) &&
    Object.entries(wider.constraints ?? {}).every(([place, values]) =>
      valuesAt(narrower, place)?.every((value) => values.includes(value)),
    ) &&
    Object.entries(wider.digests ?? {}).every(
      ([pinned, digest]) =>
        !matchesAction(action, pinned) || [digest, noDigest].includes(pinAt(narrower, pinned) ?? ''),
    )
  );
}

function isBelow(action: string, pattern: string): boolean {
  if (!action.endsWith('*')) return matchesAction(pattern, action);
  return pattern.endsWith('*') && action.startsWith(pattern.slice(0, -1));
}

function common(one: TaskPermission, other: TaskPermission): readonly TaskPermission[] {
  const actions = one.actions.flatMap((a) => other.actions.flatMap((b) => commonAction(a, b)));
  const constraints = commonConstraints(one, other);
  const digests = commonDigests(one, other);
  const left = [...new Set(actions)].filter((action) => digests[action] !== noDigest);
  if (left.length === 0 || constraints === undefined) return [];
  return [
    {
      actions: left,
      ...(Object.keys(digests).length > 0 && { digests }),
      ...(Object.keys(constraints).length > 0 && { constraints }),
    },
  ];
}

function commonAction(one: string, other: string): readonly string[] {
  if (isBelow(one, other)) return [one];
  return isBelow(other, one) ? [other] : [];
}

/** Undefined where a place has no value left: then nothing is covered. */
function commonConstraints(
  one: TaskPermission,
  other: TaskPermission,
): Readonly<Record<string, readonly JsonValue[]>> | undefined {
  const merged = new Map(Object.entries(one.constraints ?? {}));
  for (const [place, values] of Object.entries(other.constraints ?? {})) {
    const before = merged.get(place);
    merged.set(place, before === undefined ? values : before.filter((value) => values.includes(value)));
  }
  return [...merged.values()].some((values) => values.length === 0) ? undefined : Object.fromEntries(merged);
}

/** The digest of no definition: what is pinned to it is never covered. */
const noDigest = 'none';

function commonDigests(one: TaskPermission, other: TaskPermission): Readonly<Record<string, string>> {
  const merged = new Map(Object.entries(one.digests ?? {}));
  for (const [action, digest] of Object.entries(other.digests ?? {})) {
    const before = merged.get(action);
    merged.set(action, before === undefined || before === digest ? digest : noDigest);
  }
  return Object.fromEntries(merged);
}

function valuesAt({ constraints = {} }: TaskPermission, place: string): readonly JsonValue[] | undefined {
  return Object.hasOwn(constraints, place) ? constraints[place] : undefined;
}

function pinAt({ digests = {} }: TaskPermission, action: string): string | undefined {
  return Object.hasOwn(digests, action) ? digests[action] : undefined;
}
