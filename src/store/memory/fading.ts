/** A map whose entries are dropped some time after they have expired. */
export interface Fading<Value> {
  /** The value of a key that has not expired. */
  readonly get: (key: string) => Value | undefined;
  /** Sets a key anew, behind all others. Throws when the map is full of entries that have not expired. */
  readonly set: (key: string, value: Value, expiresAt: number) => void;
  /** Changes a key in its place. */
  readonly replace: (key: string, value: Value, expiresAt: number) => void;
  /** All that have not expired, in the order in which they were set. */
  readonly values: () => Iterable<Value>;
}

/** Swept not below this size. */
const smallest = 1_024;

/** A full map is swept no more often than this, so that those who fill it cannot keep the process busy. */
const sweepEveryMs = 1_000;

/**
 * Makes an empty map of at most `limit` entries. It is swept when it has doubled since the last time, so that an entry
 * costs a constant time whatever their number.
 *
 * @param what is named in the error of a full map
 */
export function fading<Value>(now: () => number, limit: number, what: string): Fading<Value> {
  const entries = new Map<string, { readonly value: Value; readonly expiresAt: number }>();
  let sweepAt = Math.min(smallest, limit);
  let sweptAt = Number.NEGATIVE_INFINITY;
  const sweep = (): void => {
    const time = now();
    if (entries.size >= limit && time < sweptAt + sweepEveryMs) return;
    sweptAt = time;
    for (const [key, { expiresAt }] of entries) if (expiresAt <= time) entries.delete(key);
    sweepAt = Math.min(Math.max(smallest, entries.size * 2), limit);
  };
  return {
    get: (key) => {
      const entry = entries.get(key);
      return entry === undefined || entry.expiresAt <= now() ? undefined : entry.value;
    },
    set: (key, value, expiresAt) => {
      entries.delete(key);
      if (entries.size >= sweepAt) sweep();
      if (entries.size >= limit) throw new Error(`more than ${limit} ${what} are alive: ask again later`);
      entries.set(key, { value, expiresAt });
    },
    replace: (key, value, expiresAt) => {
      if (entries.has(key)) entries.set(key, { value, expiresAt });
    },
    values: function* () {
      const time = now();
      for (const { value, expiresAt } of entries.values()) if (expiresAt > time) yield value;
    },
  };
}
