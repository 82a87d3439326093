import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Eventual } from '../model/eventual.ts';
import type { Clock } from '../pipeline/ports.ts';
import type { Epochs, HotState } from '../pipeline/store-ports.ts';
import { ledgerContract, newTask } from './ledger.ts';
import { half, hundred, minute, only, type Promised, promisedBy, told, userKey } from './replicas.ts';

/** Opens the state under test with the clock that it goes by. */
export type OpenHotState = (clock: Pick<Clock, 'now'>) => Eventual<HotState>;

/**
 * Registers the tests that every {@link HotState} must pass. Each test calls `open` twice, and both openings must see the
 * same state, as two replicas do; with `alone` it is called once. The tests make fresh keys, so the state may hold others.
 * The clock begins at the present time and only goes forward.
 */
export function hotStateContract(
  name: string,
  open: OpenHotState,
  { alone = false }: { readonly alone?: boolean } = {},
): void {
  const promise = promisedBy(name, open, alone);
  replays(promise);
  epochs(promise);
  epochsAtOnce(promise);
  nudges(promise);
  ledgerContract(promise);
}

function replays(promise: Promised): void {
  promise('the first claim of a key counts, and later ones do not, whoever makes them', async (replicas) => {
    const { one, other, clock } = replicas;
    const [key, until] = [randomUUID(), clock.now() + minute];
    assert.equal(await one.replay.claim(key, until), true);
    assert.equal(await one.replay.claim(key, until), false);
    assert.equal(await other.replay.claim(key, until + minute), false);
    assert.equal(await other.replay.claim(randomUUID(), until), true);
  });

  promise('a key is free again when its time has come, and not before', async ({ one, other, clock }) => {
    const [key, until] = [randomUUID(), clock.now() + minute];
    await one.replay.claim(key, until);
    clock.advance(minute - 1);
    assert.equal(await other.replay.claim(key, until), false);
    clock.advance(1);
    assert.equal(await other.replay.claim(key, clock.now() + minute), true);
    assert.equal(await one.replay.claim(key, clock.now() + minute), false);
  });

  promise('a refused claim does not prolong the first one', async ({ one, clock }) => {
    const key = randomUUID();
    await one.replay.claim(key, clock.now() + minute);
    await one.replay.claim(key, clock.now() + 10 * minute);
    clock.advance(2 * minute);
    assert.equal(await one.replay.claim(key, clock.now() + minute), true);
  });

  promise('of a hundred claims at once exactly one counts', async ({ one, other, clock }) => {
    const key = randomUUID();
    const claims = await hundred(async (n) => half(n, one, other).replay.claim(key, clock.now() + minute));
    assert.equal(claims.filter(Boolean).length, 1);
  });

  promise('any text can be a key', async ({ one, clock }) => {
    const odd = ['', ' ', "'; --", 'a\0b', 'a\0c', '日本', '\ud800', 'x'.repeat(20_000)];
    for (const key of odd.map((text) => `${randomUUID()}${text}`)) {
      assert.equal(await one.replay.claim(key, clock.now() + minute), true, key.slice(0, 50));
      assert.equal(await one.replay.claim(key, clock.now() + minute), false, key.slice(0, 50));
    }
  });
}

function epochs(promise: Promised): void {
  promise('epochs are told from the beginning, and after a cursor only what changed', async (replicas) => {
    const { one, other, clock } = replicas;
    const [first, second] = [userKey(), userKey()];
    const until = clock.now() + minute;
    await one.epochs.bump(first, 7, until);
    const { bumps, cursor } = await other.epochs.since(undefined);
    assert.deepEqual(only(bumps, first, second), [{ key: first, at: 7 }]);
    await other.epochs.bump(second, 8, until);
    const next = await one.epochs.since(cursor);
    assert.deepEqual(next.bumps, [{ key: second, at: 8 }]);
    assert.deepEqual((await one.epochs.since(next.cursor)).bumps, []);
    assert.deepEqual(only((await one.epochs.since(undefined)).bumps, first, second).length, 2);
  });

  promise('changes are told in the order in which they were made', async ({ one, other, clock }) => {
    const { cursor } = await one.epochs.since(undefined);
    const keys = Array.from({ length: 25 }, userKey);
    for (const [n, key] of keys.entries())
      await half(n, one, other).epochs.bump(key, 100 - n, clock.now() + minute);
    const { bumps } = await one.epochs.since(cursor);
    assert.deepEqual(
      bumps.map(({ key }) => key.id),
      keys.map(({ id }) => id),
    );
  });

  promise('an epoch never moves back, and a moved one is told again', async ({ one, other, clock }) => {
    const [key, until] = [userKey(), clock.now() + minute];
    await one.epochs.bump(key, 10, until);
    const { cursor } = await one.epochs.since(undefined);
    await other.epochs.bump(key, 5, until);
    assert.deepEqual(await told(one.epochs, undefined, key), 10);
    assert.notEqual(await told(one.epochs, cursor, key), 5);
    await other.epochs.bump(key, 11, until);
    assert.deepEqual(await told(one.epochs, cursor, key), 11);
  });

  promise('keys of different kinds are different keys', async ({ one, clock }) => {
    const { cursor } = await one.epochs.since(undefined);
    const id = `${randomUUID()} : "'\n日本`;
    const kinds = ['user', 'agent', 'device', 'task', 'token'] as const;
    for (const [at, kind] of kinds.entries()) await one.epochs.bump({ kind, id }, at, clock.now() + minute);
    const expected = kinds.map((kind, at) => ({ key: { kind, id }, at }));
    assert.deepEqual((await one.epochs.since(cursor)).bumps, expected);
  });

  promise('an epoch is kept as long as the longest bump said, then forgotten', async ({ one, clock }) => {
    const key = userKey();
    await one.epochs.bump(key, 7, clock.now() + 2 * minute);
    await one.epochs.bump(key, 8, clock.now() + minute);
    await one.epochs.bump(key, 6, clock.now() + 3 * minute);
    clock.advance(3 * minute - 1);
    assert.equal(await told(one.epochs, undefined, key), 8);
    clock.advance(2);
    assert.equal(await told(one.epochs, undefined, key), undefined);
  });

  promise('after a cursor that the state does not know everything is told', async ({ one, clock }) => {
    const key = userKey();
    await one.epochs.bump(key, 7, clock.now() + minute);
    for (const cursor of ['', 'not a cursor', '99999999999', '-1', '1-1'])
      assert.equal(await told(one.epochs, cursor, key), 7, cursor);
  });
}

function epochsAtOnce(promise: Promised): void {
  promise('a reader misses nothing while others bump at once', async ({ one, other, clock }) => {
    const keys = Array.from({ length: 100 }, userKey);
    const seen = new Set<string>();
    let cursor: string | undefined;
    const read = async (): Promise<void> => {
      const changes = await one.epochs.since(cursor);
      cursor = changes.cursor;
      for (const { key } of changes.bumps) seen.add(key.id);
    };
    let bumping = true;
    const until = clock.now() + minute;
    const writers = Promise.all(
      keys.map(async (key, n) => half(n, one, other).epochs.bump(key, n, until)),
    ).finally(() => {
      bumping = false;
    });
    while (bumping) {
      await read();
      await wait(1);
    }
    await writers;
    await read();
    assert.deepEqual(
      keys.filter(({ id }) => !seen.has(id)),
      [],
    );
  });

  promise('of bumps of one key at once the highest stays', async ({ one, other, clock }) => {
    const key = userKey();
    await hundred(async (n) => half(n, one, other).epochs.bump(key, (n * 37) % 100, clock.now() + minute));
    assert.equal(await told(one.epochs, undefined, key), 99);
  });
}

function nudges(promise: Promised): void {
  promise('a listener of every replica hears of each bump', async ({ one, other, clock }) => {
    for (let round = 0; round < 3; round += 1) {
      const heard = [one, other].map(async ({ epochs }) => nudged(epochs));
      await half(round, one, other).epochs.bump(userKey(), 7, clock.now() + minute);
      await Promise.all(heard);
      // The first nudge may be that of having begun to listen.
      await wait(200);
    }
  });

  promise('a listener of every replica hears of the end of a task', async ({ one, other, clock }) => {
    const task = newTask(clock);
    await one.ledger.open(task);
    const heard = [one, other].map(async ({ epochs }) => nudged(epochs));
    await other.ledger.end(task.task, clock.now());
    await Promise.all(heard);
  });

  promise('a listener that was taken back hears nothing more', async ({ one, clock }) => {
    let calls = 0;
    const stop = one.epochs.onBump(() => {
      calls += 1;
    });
    await one.epochs.bump(userKey(), 7, clock.now() + minute);
    stop();
    const before = calls;
    const heard = nudged(one.epochs);
    await one.epochs.bump(userKey(), 8, clock.now() + minute);
    await heard;
    assert.equal(calls, before);
  });
}

/** Resolves when a listener was called; rejects after five seconds. */
async function nudged(epochs: Epochs): Promise<void> {
  const late = new AbortController();
  let stop = (): void => undefined;
  const heard = new Promise<void>((resolve) => {
    stop = epochs.onBump(resolve);
  });
  const missed = wait(5_000, undefined, { signal: late.signal }).then(() => assert.fail('no nudge came'));
  await Promise.race([heard, missed]).finally(() => {
    stop();
    late.abort();
  });
  await missed.catch(() => undefined);
}
