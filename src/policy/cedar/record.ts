import type { RecordValue, Value } from './value.ts';

/** A record of members that are at hand; undefined members are absent. */
export function recordOf(members: Readonly<Record<string, Value | undefined>>): RecordValue {
  const present = new Map<string, Value>();
  for (const [name, value] of Object.entries(members)) if (value !== undefined) present.set(name, value);
  return recordOfMap(present);
}

/** A record over a map. */
export function recordOfMap(members: ReadonlyMap<string, Value>): RecordValue {
  return { kind: 'record', get: (name) => members.get(name), names: () => [...members.keys()] };
}

/** A record whose members are made when first read, each at most once. `names` must list exactly those it makes. */
export function lazyRecord(
  make: (name: string) => Value | undefined,
  names: () => readonly string[],
): RecordValue {
  const made = new Map<string, Value | undefined>();
  const get = (name: string): Value | undefined => {
    const known = made.get(name);
    if (known !== undefined || made.has(name)) return known;
    const value = make(name);
    made.set(name, value);
    return value;
  };
  return { kind: 'record', get, names: () => names().filter((name) => get(name) !== undefined) };
}

/** The record without members. */
export const emptyRecord: RecordValue = recordOf({});
