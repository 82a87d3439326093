import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts';
import { type Task, type TaskBudget, type TaskId, type TaskPermission, taskType } from '../model/task.ts';
import { TokenFailure } from './failure.ts';
import { detailMembers, toolDigestForm } from './task/task-details.ts';

/** What a token of our own authorization server says beyond its user and agent. */
export interface TaskClaims {
  /** Undefined for a token that was granted for no task. */
  readonly task?: Task;
  /** The agents that the agent acts for, the nearest first. */
  readonly actsFor?: readonly string[];
}

const mostText = 1_000;
const mostDepth = 32;

/** A token that says something about a task that cannot be read: it is refused, never read as if it said nothing. */
class Malformed extends Error {}

/**
 * Reads the task of a token: `txn`, `authorization_details` of type `mcp_task` (RFC 9396), `act` (RFC 8693 section 4.1)
 * and `task_ancestors`. Only for claims of our own authorization server, whose signature was verified.
 *
 * INVARIANT: whatever is not understood refuses the token, because it may be what limits the task.
 */
export function taskOf(claims: JsonObject): TaskClaims | TokenFailure {
  try {
    const actors = actorsOf(claims['act']);
    const task = readTask(claims);
    return { ...(task && { task }), ...(actors.length > 1 && { actsFor: actors.slice(1) }) };
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    return new TokenFailure(`the task of the token cannot be read: ${cause.message}`);
  }
}

function readTask(claims: JsonObject): Task | undefined {
  const { txn, authorization_details: details, task_ancestors: ancestors } = claims;
  if (txn === undefined && details === undefined && ancestors === undefined) return undefined;
  const id = textOf('txn', txn);
  if (claims['cnf'] === undefined) throw new Malformed('it is bound to no key (`cnf`)');
  const entries = listOf('authorization_details', details).map(entryOf);
  if (entries.length === 0) throw new Malformed('`authorization_details` is empty');
  const audiences = typeof claims['aud'] === 'string' ? [claims['aud']] : listOf('aud', claims['aud']);
  for (const entry of entries) checkLocations(entry, audiences);
  const [purpose] = entries.flatMap(purposeOf);
  return {
    id: id as TaskId,
    ancestors: ancestorsOf(ancestors, id),
    ...(purpose !== undefined && { purpose }),
    permissions: entries.map(permissionOf),
    budget: budgetOf(entries),
    notAfter: Math.min(...entries.flatMap(endOf), numberOf('exp', claims['exp'])) * 1000,
  };
}

/** What a token may say beside what we write: RFC 9396 section 2.2. */
const members: ReadonlySet<string> = new Set([...detailMembers, 'locations']);

function entryOf(entry: JsonValue): JsonObject {
  if (!isJsonObject(entry) || entry['type'] !== taskType) {
    throw new Malformed(`an entry of \`authorization_details\` is not of type \`${taskType}\``);
  }
  const odd = Object.keys(entry).find((name) => !members.has(name));
  if (odd !== undefined) throw new Malformed(`the member \`${odd.slice(0, 40)}\` is not known`);
  return entry;
}

/** A task has no places of its own, so an entry that is for fewer than the token's audiences cannot be kept. */
function checkLocations({ locations }: JsonObject, audiences: readonly JsonValue[]): void {
  if (locations === undefined) return;
  const places = listOf('locations', locations);
  if (!audiences.every((audience) => places.includes(audience))) {
    throw new Malformed('`locations` is narrower than the audience of the token');
  }
}

function purposeOf({ purpose }: JsonObject): readonly string[] {
  return purpose === undefined ? [] : [textOf('purpose', purpose)];
}

function permissionOf({ actions, tool_digests: digests, constraints }: JsonObject): TaskPermission {
  return {
    actions: listOf('actions', actions).map((action) => textOf('actions', action)),
    ...(digests !== undefined && { digests: digestsOf(digests) }),
    ...(constraints !== undefined && { constraints: constraintsOf(constraints) }),
  };
}

function digestsOf(value: JsonValue): Readonly<Record<string, string>> {
  const found = objectOf('tool_digests', value);
  for (const text of Object.values(found)) {
    if (typeof text !== 'string' || !toolDigestForm.test(text)) {
      throw new Malformed('`tool_digests` holds something else than `sha-256:` and a digest');
    }
  }
  return found as Readonly<Record<string, string>>;
}

function constraintsOf(value: JsonValue): Readonly<Record<string, readonly JsonValue[]>> {
  const found = objectOf('constraints', value);
  for (const [place, values] of Object.entries(found)) listOf(`constraints.${place}`, values);
  return found as Readonly<Record<string, readonly JsonValue[]>>;
}

/** The smallest of each limit: whoever wrote two cannot have meant the larger one. */
function budgetOf(entries: readonly JsonObject[]): TaskBudget {
  const least = (name: 'max_calls' | 'max_bytes'): number | undefined => {
    const limits = entries.flatMap((entry) =>
      entry[name] === undefined ? [] : [countOf(name, entry[name])],
    );
    return limits.length === 0 ? undefined : Math.min(...limits);
  };
  const [calls, bytes] = [least('max_calls'), least('max_bytes')];
  return { ...(calls !== undefined && { calls }), ...(bytes !== undefined && { bytes }) };
}

function endOf({ not_after: end }: JsonObject): readonly number[] {
  return end === undefined ? [] : [numberOf('not_after', end)];
}

function ancestorsOf(value: JsonValue | undefined, id: string): readonly TaskId[] {
  if (value === undefined) return [];
  const ids = listOf('task_ancestors', value).map((each) => textOf('task_ancestors', each));
  if (ids.length > mostDepth || new Set([...ids, id]).size !== ids.length + 1) {
    throw new Malformed(`\`task_ancestors\` holds an id twice, or more than ${mostDepth}`);
  }
  return ids as readonly string[] as readonly TaskId[];
}

/** The chain of actors, the present one first. */
function actorsOf(act: JsonValue | undefined): readonly string[] {
  const found: string[] = [];
  for (let actor = act; actor !== undefined; actor = objectOf('act', actor)['act']) {
    found.push(textOf('act', objectOf('act', actor)['sub']));
    if (found.length > mostDepth) throw new Malformed(`\`act\` is nested more than ${mostDepth} times`);
  }
  return found;
}

function textOf(name: string, value: JsonValue | undefined): string {
  if (typeof value === 'string' && value !== '' && value.length <= mostText) return value;
  throw new Malformed(`\`${name}\` is not a text of 1 to ${mostText} characters`);
}

function numberOf(name: string, value: JsonValue | undefined): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new Malformed(`\`${name}\` is not a number`);
}

function countOf(name: string, value: JsonValue | undefined): number {
  if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value);
  throw new Malformed(`\`${name}\` is not a count`);
}

function listOf(name: string, value: JsonValue | undefined): readonly JsonValue[] {
  if (Array.isArray(value)) return value as readonly JsonValue[];
  throw new Malformed(`\`${name}\` is not a list`);
}

function objectOf(name: string, value: JsonValue | undefined): JsonObject {
  if (isJsonObject(value)) return value;
  throw new Malformed(`\`${name}\` is not an object`);
}
