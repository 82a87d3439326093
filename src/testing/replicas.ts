import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Eventual } from '../model/eventual.ts';
import type { Clock } from '../pipeline/ports.ts';
import type { EpochBump, EpochKey, Epochs, HotState } from '../pipeline/store-ports.ts';

/** Registers one test of a contract. */
export type Promised<State = HotState> = (
  text: string,
  run: (replicas: Replicas<State>) => Promise<void>,
) => void;

/** Two openings of the same state, and the clock that both go by. */
export interface Replicas<State = HotState> {
  readonly one: State;
  readonly other: State;
  readonly clock: ForwardClock;
}

/** Registers the tests of a contract under the name of an adapter; with `alone` each opens the state once. */
export function promisedBy<State extends { readonly close: () => Eventual<void> }>(
  name: string,
  open: (clock: Pick<Clock, 'now'>) => Eventual<State>,
  alone: boolean,
): Promised<State> {
  return (text, run) => {
    test(`${name}: ${text}`, { timeout: 30_000 }, async () => {
      const clock = forwardClock();
      const one = await open(clock);
      const other = alone ? one : await open(clock);
      try {
        await run({ one, other, clock });
      } finally {
        await one.close();
        if (!alone) await other.close();
      }
    });
  };
}

/** A clock that stands until it is moved forward. */
export interface ForwardClock {
  readonly now: () => number;
  readonly advance: (ms: number) => void;
}

/** Begins at the present time. */
function forwardClock(): ForwardClock {
  let time = Date.now();
  return {
    now: () => time,
    advance: (ms) => {
      time += ms;
    },
  };
}

/** In milliseconds. */
export const minute: number = 60_000;
/** In milliseconds. */
export const day: number = 24 * 60 * minute;

/** Runs something a hundred times at once. */
export function hundred<T>(run: (n: number) => Promise<T>): Promise<readonly T[]> {
  return Promise.all(Array.from({ length: 100 }, async (_, n) => run(n)));
}

/** Spreads calls over two replicas. */
export function half(n: number, one: HotState, other: HotState): HotState {
  return n % 2 === 0 ? one : other;
}

/** A key that nobody has used. */
export function userKey(): EpochKey {
  return { kind: 'user', id: `https://idp.example ${randomUUID()}` };
}

/** The bumps of these keys. */
export function only(bumps: readonly EpochBump[], ...keys: readonly EpochKey[]): readonly EpochBump[] {
  return bumps.filter(({ key }) => keys.some(({ kind, id }) => key.kind === kind && key.id === id));
}

/** The epoch of a key as a reader knows it who reads on from a cursor. */
export async function told(
  epochs: Epochs,
  cursor: string | undefined,
  key: EpochKey,
): Promise<number | undefined> {
  const { bumps } = await epochs.since(cursor);
  return only(bumps, key).at(-1)?.at;
}
