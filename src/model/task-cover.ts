import type { JsonObject, JsonValue } from './json.ts';
import { isJsonObject } from './json.ts';
import type { Task, TaskPermission } from './task.ts';

/** The part of a call that a task decides by. */
export interface CoveredCall {
  readonly action: string;
  readonly resource: { readonly id: string; readonly tags: Readonly<Record<string, string>> };
  /** Undefined while a list asks what could be covered with some arguments. */
  readonly args: JsonObject | undefined;
}

/** Whether a task covers a call. Digests are compared elsewhere, because they need the tool's definition. */
export function covers({ permissions }: Pick<Task, 'permissions'>, call: CoveredCall): boolean {
  return permissions.some((permission) => allows(permission, call));
}

/** Whether an action matches a name that may end with `*`. */
export function matchesAction(pattern: string, action: string): boolean {
  return pattern.endsWith('*') ? action.startsWith(pattern.slice(0, -1)) : action === pattern;
}

/** The digests that pin the tool of a call, one for each permission that covers it; undefined where one pins nothing. */
export function pinsOf(
  { permissions }: Pick<Task, 'permissions'>,
  call: CoveredCall,
): readonly (string | undefined)[] {
  return permissions
    .filter((permission) => allows(permission, call))
    .map(({ digests }) =>
      digests !== undefined && Object.hasOwn(digests, call.action) ? digests[call.action] : undefined,
    );
}

function allows({ actions, constraints = {} }: TaskPermission, call: CoveredCall): boolean {
  return (
    actions.some((pattern) => matchesAction(pattern, call.action)) &&
    Object.entries(constraints).every(([place, values]) => isMet(place, values, call))
  );
}

/** INVARIANT: a place that is unknown or missing is not met. Only a list may leave the arguments, and with them the resource, open. */
function isMet(place: string, values: readonly JsonValue[], { resource, args }: CoveredCall): boolean {
  if (args === undefined) return values.length > 0;
  const found = valueAt(place, resource, args);
  return found !== undefined && values.some((value) => value === found);
}

function valueAt(place: string, resource: CoveredCall['resource'], args: JsonObject): JsonValue | undefined {
  if (place === 'resource.id') return resource.id;
  if (place.startsWith('resource.tags.')) return own(resource.tags, place.slice('resource.tags.'.length));
  if (!place.startsWith('args.')) return undefined;
  return place
    .slice('args.'.length)
    .split('.')
    .reduce<JsonValue | undefined>(
      (value, member) => (isJsonObject(value) ? own(value, member) : undefined),
      args,
    );
}

function own(value: JsonObject, member: string): JsonValue | undefined {
  return Object.hasOwn(value, member) ? value[member] : undefined;
}
