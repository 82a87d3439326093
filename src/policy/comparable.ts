import type { JsonObject, JsonValue } from '../model/json.ts';

const mostWeight = 1_000;
const charactersOfOne = 16;

/**
 * Whether arguments are small enough to be decided again by the official engine. It takes time that grows with the
 * square of a set's size, in the one thread that serves everybody, so a client must not choose how long.
 */
export function isComparable(args: JsonObject | undefined): boolean {
  return weightLeft(args, mostWeight) >= 0;
}

/** A value weighs one, and more by the length of its text; negative once more was weighed than was left. */
function weightLeft(value: JsonValue | undefined, left: number): number {
  if (typeof value === 'string') return left - 1 - value.length / charactersOfOne;
  if (typeof value !== 'object' || value === null) return left - 1;
  const names = Array.isArray(value) ? '' : Object.keys(value).join('');
  return Object.values(value).reduce<number>(
    (rest, member) => (rest < 0 ? rest : weightLeft(member as JsonValue, rest)),
    left - 1 - names.length / charactersOfOne,
  );
}
