import type { Eventual } from '../../model/eventual.ts';
import { Refusal } from '../../model/refusal.ts';
import type { Clock } from '../../pipeline/ports.ts';

/** A value and when it was fetched, in milliseconds since the epoch. */
export interface Kept<Value> {
  readonly value: Value;
  readonly at: number;
}

/** A bounded cache that fetches each key once at a time. Neither refusals nor rejections are kept. */
export interface FreshCache<Value extends object> {
  /** The kept value if it is not older than `maxAge` milliseconds, else a fetched one. */
  readonly get: (
    key: string,
    maxAge: (value: Value) => number,
    fetch: () => Promise<Value | Refusal>,
  ) => Eventual<Kept<Value> | Refusal>;
  /** Forgets every key that begins so. */
  readonly forget: (prefix: string) => void;
}

type Flight<Value> = Promise<Kept<Value> | Refusal>;

/** Makes an empty cache; when it is full, the key that was fetched longest ago goes. */
export function keepFresh<Value extends object>(options: {
  readonly clock: Pick<Clock, 'now'>;
  readonly bound: number;
}): FreshCache<Value> {
  const kept = new Map<string, Kept<Value>>();
  const flights = new Map<string, Flight<Value>>();

  const keep = (key: string, entry: Kept<Value>): void => {
    kept.delete(key);
    kept.set(key, entry);
    const oldest = kept.size > options.bound ? kept.keys().next().value : undefined;
    if (oldest !== undefined) kept.delete(oldest);
  };

  const fly = (key: string, fetch: () => Promise<Value | Refusal>): Flight<Value> => {
    const at = options.clock.now();
    const land = (): boolean => flights.get(key) === flight && flights.delete(key);
    const flight: Flight<Value> = fetch().then(
      (value) => {
        // A change that was announced while the list travelled makes it old before it is kept.
        const current = land();
        if (value instanceof Refusal) return value;
        const entry = { value, at };
        if (current) keep(key, entry);
        return entry;
      },
      (fault: unknown) => {
        land();
        throw fault;
      },
    );
    flights.set(key, flight);
    return flight;
  };

  return {
    get: (key, maxAge, fetch) => {
      const entry = kept.get(key);
      if (entry !== undefined && options.clock.now() - entry.at <= maxAge(entry.value)) return entry;
      return flights.get(key) ?? fly(key, fetch);
    },
    forget: (prefix) => {
      for (const entries of [kept, flights]) {
        for (const key of entries.keys()) if (key.startsWith(prefix)) entries.delete(key);
      }
    },
  };
}
