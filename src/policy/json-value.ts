import type { JsonObject, JsonValue } from '../model/json.ts';
import { parseDecimal } from './cedar/decimal.ts';
import { setOf } from './cedar/equality.ts';
import { EvaluationFault } from './cedar/fault.ts';
import { lazyRecord } from './cedar/record.ts';
import type { RecordValue, Value } from './cedar/value.ts';

/** Beyond this many levels a value is absent; the official engine's reader has a limit too. */
const deepest = 32;

/** Names that Cedar's JSON format keeps for itself: a client must not be able to pass an entity for a record. */
const reserved: ReadonlySet<string> = new Set(['__entity', '__extn', '__expr']);

/**
 * What becomes of a value that Cedar cannot hold exactly: numbers that are neither safe integers nor decimals of at most
 * four places, numbers kept as raw text, text with lone surrogates, what nests too deep, and arrays that hold any of
 * these (an array that lost only its inconvertible elements would be a different question).
 *
 * `absent`: as if it were not there. `fault`: whoever reads it errs, so that the call is denied. A client chooses its
 * arguments, and `forbid when { arguments has amount && arguments.amount > 100 }` must not pass an amount of 1e30.
 */
export type Inexact = 'absent' | 'fault';

/** The record of a JSON object, converted member by member as policies read it. Null is absent. */
export function jsonRecord(json: JsonObject, inexact: Inexact, depth = 0): RecordValue {
  const holds = (name: string): boolean =>
    Object.hasOwn(json, name) && json[name] !== null && !reserved.has(name) && name.isWellFormed();
  const make = (name: string): Value | undefined => {
    if (!holds(name)) return undefined;
    const value = jsonValue(json[name], inexact, depth + 1);
    if (value === undefined && inexact === 'fault') {
      throw new EvaluationFault(
        'an argument that the policy reads has a value that Cedar cannot hold exactly',
      );
    }
    return value;
  };
  return lazyRecord(make, () => Object.keys(json).filter(holds));
}

/** The Cedar value of a JSON value; undefined where it is absent. */
function jsonValue(json: JsonValue | undefined, inexact: Inexact, depth: number): Value | undefined {
  if (depth > deepest) return undefined;
  switch (typeof json) {
    case 'boolean':
      return json;
    case 'string':
      return json.isWellFormed() ? json : undefined;
    case 'number':
      return numberValue(json);
    case 'object':
      return compositeValue(json, inexact, depth);
    default:
      return undefined;
  }
}

function compositeValue(
  json: Extract<JsonValue, object> | null,
  inexact: Inexact,
  depth: number,
): Value | undefined {
  if (json === null || isRawJson(json)) return undefined;
  if (!Array.isArray(json)) return jsonRecord(json as JsonObject, inexact, depth);
  const members: Value[] = [];
  for (const element of json as readonly JsonValue[]) {
    const member = jsonValue(element, inexact, depth + 1);
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
