import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../pipeline/ports.ts';

/** Something kept that one at a time renews, on whatever replica. */
export interface Leasable {
  /** Until then somebody renews it, in milliseconds since the epoch. */
  readonly leasedUntil?: number;
}

/** As it was read, with its version. */
export interface Versioned<T> {
  readonly value: T;
  readonly version: number;
}

/** How something is renewed. */
export interface Renewal<T extends Leasable> {
  readonly clock: Pick<Clock, 'now'>;
  /** How long the lease lasts, in milliseconds: longer than a renewal may take. Others wait half as long again. */
  readonly leaseMs: number;
  /** What it is, for the error of a renewal that does not end: `the token`. */
  readonly what: string;
  readonly load: () => Promise<Versioned<T> | undefined>;
  readonly write: (kept: Versioned<T>) => Promise<number | 'conflict'>;
  /** The answer where there is nothing to renew; undefined where there is. */
  readonly settled: (value: T) => { readonly answer: T | undefined } | undefined;
  /** Renews what the caller now holds the lease of. */
  readonly renew: (leased: Versioned<T>) => Promise<T | undefined>;
}

const pollMs = 50;
const patience = 1.5;

/**
 * Whoever writes the lease first renews; the others wait for what comes of it. Undefined when there is nothing kept.
 * Rejects as the renewal does, or when that of another replica does not come to an end.
 */
export async function renewOnce<T extends Leasable>(renewal: Renewal<T>): Promise<T | undefined> {
  for (let waited = 0; waited < renewal.leaseMs * patience; waited += pollMs) {
    const found = await renewal.load();
    if (found === undefined) return undefined;
    const settled = renewal.settled(found.value);
    if (settled !== undefined) return settled.answer;
    const leased = await takeLease(renewal, found);
    if (leased !== undefined) return renewal.renew(leased);
    await pause(pollMs);
  }
  throw new Error(`another replica renews ${renewal.what} and does not come to an end`);
}

async function takeLease<T extends Leasable>(
  { clock, write, leaseMs }: Renewal<T>,
  { value, version }: Versioned<T>,
): Promise<Versioned<T> | undefined> {
  if ((value.leasedUntil ?? 0) > clock.now()) return undefined;
  const leased = { ...value, leasedUntil: clock.now() + leaseMs };
  const taken = await write({ value: leased, version });
  return taken === 'conflict' ? undefined : { value: leased, version: taken };
}
