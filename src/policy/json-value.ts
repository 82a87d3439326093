import type { JsonObject, JsonValue } from '../model/json.ts';
import { parseDecimal } from './cedar/decimal.ts';
import { setOf } from './cedar/equality.ts';
import { lazyRecord } from './cedar/record.ts';
import type { RecordValue, Value } from './cedar/value.ts';

/** Beyond this many levels a value is absent; the official engine's reader has a limit too. */
const deepest = 32;

/** Names that Cedar's JSON format keeps for itself: a client must not be able to pass an entity for a record. */
const reserved: ReadonlySet<string> = new Set(['__entity', '__extn', '__expr']);

/**
 * The record of a JSON object, converted member by member as policies read it.
 *
 * What Cedar cannot hold exactly is absent: null, numbers that are neither safe integers nor decimals of at most four
 * places, numbers kept as raw text, text with lone surrogates, and arrays that hold any of these. An array that lost
 * only its inconvertible elements would be a different question.
 */
export function jsonRecord(json: JsonObject, depth = 0): RecordValue {
  const holds = (name: string): boolean =>
    Object.hasOwn(json, name) && !reserved.has(name) && name.isWellFormed();
  return lazyRecord(
    (name) => (holds(name) ? jsonValue(json[name], depth + 1) : undefined),
    () => Object.keys(json).filter(holds),
  );
}

/** The Cedar value of a JSON value; undefined where it is absent. */
function jsonValue(json: JsonValue | undefined, depth = 0): Value | undefined {
  if (depth > deepest) return undefined;
  switch (typeof json) {
    case 'boolean':
      return json;
    case 'string':
      return json.isWellFormed() ? json : undefined;
    case 'number':
      return numberValue(json);
    case 'object':
      return compositeValue(json, depth);
    default:
      return undefined;
  }
}

function compositeValue(json: Extract<JsonValue, object> | null, depth: number): Value | undefined {
  if (json === null || isRawJson(json)) return undefined;
  if (!Array.isArray(json)) return jsonRecord(json as JsonObject, depth);
  const members: Value[] = [];
  for (const element of json as readonly JsonValue[]) {
    const member = jsonValue(element, depth + 1);
    if (member === undefined) return undefined;
    members.push(member);
  }
  return setOf(members);
}

function numberValue(json: number): Value | undefined {
  if (Number.isSafeInteger(json)) return json + 0; // turns -0 into 0
  return Number.isInteger(json) ? undefined : parseDecimal(String(json));
}

const { isRawJSON: isRawJson } = JSON as unknown as { readonly isRawJSON: (value: unknown) => boolean };
