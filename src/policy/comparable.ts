import type { JsonObject, JsonValue } from '../model/json.ts';

const mostValues = 1_000;
const mostCharacters = 16_384;

/**
 * Whether arguments are small enough to be decided again by the official engine. It takes time that grows with the
 * square of a set's size, in the one thread that serves everybody, so a client must not choose how long.
 */
export function isComparable(args: JsonObject | undefined): boolean {
  const waiting: (JsonValue | undefined)[] = [args];
  let values = 0;
  let characters = 0;
  for (let value = waiting.pop(); value !== undefined || waiting.length > 0; value = waiting.pop()) {
    values += 1;
    if (typeof value === 'string') characters += value.length;
    else if (typeof value === 'object' && value !== null) {
      const members = Array.isArray(value) ? (value as readonly JsonValue[]) : Object.values(value);
      if (members.length > mostValues) return false;
      waiting.push(...members);
    }
    if (values + waiting.length > mostValues || characters > mostCharacters) return false;
  }
  return true;
}
