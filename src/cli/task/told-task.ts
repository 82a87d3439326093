import { arrayMember, isJsonObject, type JsonObject, objectMember, stringMember } from '../../model/json.ts';

/** A task as the gateway tells of it, as far as a person wants to read it. */
export interface ToldTask {
  readonly id: string;
  readonly state: string;
  readonly user: { readonly issuer: string; readonly subject: string };
  readonly agent: string;
  /** Agents that handed the task on, the nearest first. */
  readonly actsFor: readonly string[];
  readonly purpose: string | undefined;
  readonly template: string | undefined;
  readonly resources: readonly string[];
  readonly permissions: readonly Permission[];
  readonly budget: Budget;
  /** What is left of the budget; told of a single task alone. */
  readonly left: Budget | undefined;
  /** The task it was delegated from. */
  readonly parent: string | undefined;
  /** Milliseconds since the epoch. */
  readonly grantedAt: number;
  readonly notAfter: number;
  readonly ended: { readonly at: number; readonly how: string } | undefined;
}

/** One entry of `authorization_details`. */
export interface Permission {
  readonly actions: readonly string[];
  /** How many actions are pinned to the definition of their tool. */
  readonly pinned: number;
  readonly constraints: JsonObject;
}

/** Calls and bytes; undefined where there is no bound. */
export interface Budget {
  readonly calls: number | undefined;
  readonly bytes: number | undefined;
}

/** Reads what `GET /tasks` and `GET /tasks/<id>` say of one task. */
export function toldTask(told: JsonObject): ToldTask {
  const user = objectMember(told, 'user');
  const ended = objectMember(told, 'ended');
  const left = objectMember(told, 'left');
  return {
    id: stringMember(told, 'id') ?? '',
    state: stringMember(told, 'state') ?? 'unknown',
    user: { issuer: stringMember(user, 'issuer') ?? '', subject: stringMember(user, 'subject') ?? '' },
    agent: stringMember(told, 'agent') ?? '',
    actsFor: texts(told, 'acts_for'),
    purpose: stringMember(told, 'purpose'),
    template: stringMember(told, 'template'),
    resources: texts(told, 'resources'),
    permissions: permissionsOf(arrayMember(told, 'authorization_details') ?? []),
    budget: budgetOf(objectMember(told, 'budget')),
    left: left && budgetOf(left),
    parent: texts(told, 'ancestors').at(-1),
    grantedAt: Number(told['granted_at']),
    notAfter: Number(told['not_after']),
    ended: ended && { at: Number(ended['at']), how: stringMember(ended, 'how') ?? 'ended' },
  };
}

/** What `authorization_details` permit. */
export function permissionsOf(details: readonly unknown[]): readonly Permission[] {
  return details.filter(isObject).map((detail) => ({
    actions: texts(detail, 'actions'),
    pinned: Object.keys(objectMember(detail, 'tool_digests') ?? {}).length,
    constraints: objectMember(detail, 'constraints') ?? {},
  }));
}

function isObject(value: unknown): value is JsonObject {
  return isJsonObject(value);
}

function budgetOf(budget: JsonObject | undefined): Budget {
  return { calls: numberMember(budget, 'calls'), bytes: numberMember(budget, 'bytes') };
}

function numberMember(object: JsonObject | undefined, name: string): number | undefined {
  const value = object?.[name];
  return typeof value === 'number' ? value : undefined;
}

function texts(object: JsonObject, name: string): readonly string[] {
  return (arrayMember(object, name) ?? []).filter((item) => typeof item === 'string');
}
