import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import { type TaskBudget, type TaskPermission, taskType } from '../../model/task.ts';
import { hasDuplicateMembers } from '../json-members.ts';
import { GrantError } from '../server/grant.ts';
import { detailMembers, toolDigestForm } from './task-details.ts';

/** What a client asks of a task. */
export interface TaskRequest {
  readonly permissions: readonly TaskPermission[];
  readonly budget: TaskBudget;
  readonly purpose?: string;
  /** Milliseconds since the epoch. */
  readonly notAfter?: number;
}

const longestText = 32_768;
const mostEntries = 16;
const mostActions = 256;
const mostPlaces = 16;
const mostValues = 64;
const longestPurpose = 500;
const longestName = 300;

const placeForm = /^(?:args(?:\.[^.]{1,100}){1,8}|resource\.tags\.[^.]{1,100}|resource\.id)$/;

/**
 * Reads the `authorization_details` of a request (RFC 9396 section 2): a list of entries of type `mcp_task`. What several
 * entries say of the whole task must agree. Throws `invalid_authorization_details`, with what to mend.
 */
export function parseTaskRequest(text: string): TaskRequest {
  const entries = entriesOf(text).map(entryOf);
  const calls = agreed(entries, 'max_calls', countOf);
  const bytes = agreed(entries, 'max_bytes', countOf);
  const purpose = agreed(entries, 'purpose', purposeOf);
  const seconds = agreed(entries, 'not_after', countOf);
  return {
    permissions: entries.map(permissionIn),
    budget: { ...(calls !== undefined && { calls }), ...(bytes !== undefined && { bytes }) },
    ...(purpose !== undefined && { purpose }),
    ...(seconds !== undefined && { notAfter: seconds * 1000 }),
  };
}

/** The refusal of RFC 9396 section 5. */
export function unfit(mend: string): GrantError {
  return new GrantError('invalid_authorization_details', mend);
}

function entriesOf(text: string): readonly JsonValue[] {
  if (text.length > longestText) throw unfit(`send at most ${longestText} characters`);
  const value = parsed(text);
  if (!Array.isArray(value) || value.length === 0 || value.length > mostEntries) {
    throw unfit(`send a list of 1 to ${mostEntries} objects of type \`${taskType}\``);
  }
  return value as readonly JsonValue[];
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (!hasDuplicateMembers(text)) return value;
  } catch {
    throw unfit('send valid JSON');
  }
  throw unfit('send JSON without duplicate members');
}

function entryOf(value: JsonValue): JsonObject {
  if (!isJsonObject(value) || value['type'] !== taskType) {
    throw unfit(`every entry must be an object whose \`type\` is \`${taskType}\``);
  }
  const odd = Object.keys(value).find((name) => !detailMembers.has(name));
  if (odd !== undefined) {
    throw unfit(`the member \`${printable(odd)}\` is not known; known are ${[...detailMembers].join(', ')}`);
  }
  return value;
}

function permissionIn({ actions, tool_digests, constraints }: JsonObject): TaskPermission {
  return {
    actions: actionsOf(actions),
    ...(tool_digests !== undefined && { digests: digestsOf(tool_digests) }),
    ...(constraints !== undefined && { constraints: constraintsOf(constraints) }),
  };
}

function actionsOf(value: JsonValue | undefined): readonly string[] {
  const fits = Array.isArray(value) && value.length > 0 && value.length <= mostActions;
  if (!fits || !(value as readonly JsonValue[]).every(isAction)) {
    throw unfit(
      `\`actions\` must list 1 to ${mostActions} actions such as \`github:create_pr\`; a name may end with \`*\``,
    );
  }
  return value as readonly string[];
}

function isAction(value: JsonValue): value is string {
  if (typeof value !== 'string' || value.length > longestName) return false;
  const star = value.indexOf('*');
  if (star >= 0 && star !== value.length - 1) return false;
  const joint = value.indexOf(':');
  return value === '*' || (joint > 0 && joint < value.length - 1);
}

function digestsOf(value: JsonValue): Readonly<Record<string, string>> {
  const found = membersOf('tool_digests', value, mostActions);
  for (const [action, digest] of found) {
    if (typeof digest !== 'string' || !toolDigestForm.test(digest)) {
      throw unfit(`\`tool_digests.${printable(action)}\` must be \`sha-256:\` and a base64url SHA-256`);
    }
  }
  return Object.fromEntries(found) as Readonly<Record<string, string>>;
}

function constraintsOf(value: JsonValue): Readonly<Record<string, readonly JsonValue[]>> {
  const found = membersOf('constraints', value, mostPlaces);
  for (const [place, values] of found) {
    if (!placeForm.test(place)) {
      throw unfit(
        `the place \`${printable(place)}\` is not known; use \`args.<member>\`, \`resource.tags.<tag>\` or \`resource.id\``,
      );
    }
    const fits = Array.isArray(values) && values.length > 0 && values.length <= mostValues;
    if (!fits || (values as readonly JsonValue[]).some((one) => typeof one === 'object' && one !== null)) {
      throw unfit(
        `\`constraints.${printable(place)}\` must list 1 to ${mostValues} texts, numbers, booleans or null`,
      );
    }
  }
  return Object.fromEntries(found) as Readonly<Record<string, readonly JsonValue[]>>;
}

function membersOf(name: string, value: JsonValue, most: number): readonly [string, JsonValue | undefined][] {
  const found = isJsonObject(value) ? Object.entries(value) : [];
  if (!isJsonObject(value) || found.length > most) {
    throw unfit(`\`${name}\` must be an object of at most ${most} members`);
  }
  return found;
}

function agreed<T>(
  entries: readonly JsonObject[],
  name: string,
  read: (name: string, value: JsonValue) => T,
): T | undefined {
  const said = entries.flatMap((entry) => (entry[name] === undefined ? [] : [read(name, entry[name])]));
  const [first] = said;
  if (said.some((one) => one !== first)) {
    throw unfit(`\`${name}\` is of the whole task: say it once, or the same in every entry`);
  }
  return first;
}

function countOf(name: string, value: JsonValue): number {
  if (Number.isSafeInteger(value) && Number(value) > 0 && Number(value) < 2 ** 42) return Number(value);
  throw unfit(`\`${name}\` must be a positive whole number`);
}

function purposeOf(name: string, value: JsonValue): string {
  if (typeof value === 'string' && value !== '' && value.length <= longestPurpose) return value;
  throw unfit(`\`${name}\` must be a text of 1 to ${longestPurpose} characters`);
}

/** What the client wrote may be repeated to it, but not at any length, nor with characters of control. */
function printable(text: string): string {
  return text.slice(0, 60).replaceAll(/[^\x20-\x7e]/g, '?');
}
