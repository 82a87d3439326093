import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../pipeline/ports.ts';
import type { EpochKey, Epochs } from '../../pipeline/store-ports.ts';
import { createRevocations, type Revocations, type RevocationsOptions } from './revocations.ts';

const ada: EpochKey = { kind: 'user', id: 'https://idp.example ada' };
const bob: EpochKey = { kind: 'user', id: 'https://idp.example bob' };
const task: EpochKey = { kind: 'task', id: 'task-1' };
const clock: Pick<Clock, 'now' | 'microseconds'> = {
  now: Date.now,
  microseconds: () => performance.now() * 1000,
};

/** A store that two replicas share; nudges can be switched off, and it can be out of reach. */
function scriptedEpochs(): Epochs & {
  reachable: boolean;
  nudges: boolean;
  reads: number;
  forget: () => void;
} {
  let bumps: { key: EpochKey; at: number }[] = [];
  const listeners = new Set<() => void>();
  const store = {
    reachable: true,
    nudges: true,
    reads: 0,
    forget: () => {
      bumps = [];
    },
    bump: (key: EpochKey, at: number) => {
      if (!store.reachable) throw new Error('store out of reach');
      bumps.push({ key, at });
      if (store.nudges) for (const listener of listeners) listener();
    },
    since: async (cursor: string | undefined) => {
      store.reads += 1;
      if (!store.reachable) throw new Error('store out of reach');
      return { bumps: bumps.slice(Number(cursor ?? 0)), cursor: String(bumps.length) };
    },
    onBump: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return store as ReturnType<typeof scriptedEpochs>;
}

async function open(epochs: Epochs, more: Partial<RevocationsOptions> = {}): Promise<Revocations> {
  return createRevocations({ epochs, clock, report: () => undefined, pollMs: 20, ...more });
}

async function aborted(signal: AbortSignal, ms = 1000): Promise<boolean> {
  if (signal.aborted) return true;
  const heard = new Promise<boolean>((resolve) => signal.addEventListener('abort', () => resolve(true)));
  return Promise.race([heard, sleep(ms, false)]);
}

test('what was issued at or before an epoch is revoked, and nothing else is', async () => {
  const revocations = await open(scriptedEpochs());
  await revocations.bump(ada, 5_000);
  assert.equal(revocations.isRevoked([bob, ada], 5_000), true);
  assert.equal(revocations.isRevoked([bob, ada], 5_001), false);
  assert.equal(revocations.isRevoked([bob], 1), false);
  revocations.close();
});

test('an ended task stays ended whatever the clocks of the replicas say', async () => {
  const revocations = await open(scriptedEpochs());
  await revocations.bump(task, 5_000);
  assert.equal(revocations.isRevoked([task], 9_000), true);
  revocations.close();
});

test('a bump on one replica ends what runs on another within a second, by nudge or by poll', async () => {
  for (const nudges of [true, false]) {
    const epochs = scriptedEpochs();
    epochs.nudges = nudges;
    const here = await open(epochs, { pollMs: 500 });
    const there = await open(epochs, { pollMs: 500 });
    const signal = there.watch([ada, task], Date.now() + 60_000);
    const other = there.watch([bob], Date.now() + 60_000);
    await here.bump(ada);
    assert.equal(await aborted(signal), true, `nudges: ${nudges}`);
    assert.equal(there.isRevoked([ada], Date.now() - 5_000), true);
    assert.equal(other.aborted, false);
    here.close();
    there.close();
  }
});

test('what is issued after a bump is watched without being ended by it', async () => {
  const revocations = await open(scriptedEpochs());
  const before = revocations.watch([ada], Date.now() + 60_000, 1_000);
  const later = revocations.watch([ada], Date.now() + 60_000, 3_000);
  await revocations.bump(ada, 2_000);
  assert.deepEqual([before.aborted, later.aborted], [true, false]);
  revocations.close();
});

test('what was revoked before the start is known from the first moment', async () => {
  const epochs = scriptedEpochs();
  await epochs.bump(ada, 5_000, Infinity);
  const revocations = await open(epochs);
  assert.equal(revocations.isRevoked([ada], 4_000), true);
  revocations.close();
});

test('watchers of the same keys share a signal, which aborts when what they watch expires', async () => {
  const revocations = await open(scriptedEpochs());
  const expiresAt = Date.now() + 40;
  const signal = revocations.watch([ada], expiresAt);
  assert.equal(revocations.watch([ada], expiresAt), signal);
  assert.equal(await aborted(signal), true);
  revocations.close();
});

test('more watchers than the bound end the one that was asked for least recently', async () => {
  const revocations = await open(scriptedEpochs(), { mostWatches: 2 });
  const later = Date.now() + 60_000;
  const [first, second] = [revocations.watch([ada], later), revocations.watch([bob], later)];
  revocations.watch([ada], later);
  revocations.watch([task], later);
  assert.deepEqual([first.aborted, second.aborted], [false, true]);
  revocations.close();
});

test('a store out of reach makes the view stale, and one that is back makes up for what was missed', async () => {
  const epochs = scriptedEpochs();
  const events: string[] = [];
  const revocations = await open(epochs, { staleMs: 60, report: (event) => void events.push(event) });
  const signal = revocations.watch([ada], Date.now() + 60_000);
  assert.equal(revocations.stale(), false);
  epochs.reachable = false;
  await sleep(150);
  assert.equal(revocations.stale(), true);
  await assert.rejects(revocations.bump(bob), /out of reach/);
  epochs.reachable = true;
  epochs.nudges = false;
  await epochs.bump(ada, Date.now(), Infinity);
  assert.equal(await aborted(signal), true);
  assert.equal(revocations.stale(), false);
  assert.deepEqual(events, ['revocations cannot be followed', 'revocations are followed again']);
  revocations.close();
});

test('a store that never answers makes the view stale too', async () => {
  const epochs = scriptedEpochs();
  const revocations = await open(epochs, { staleMs: 60 });
  Object.assign(epochs, { since: () => new Promise(() => undefined) });
  await sleep(150);
  assert.equal(revocations.stale(), true);
  revocations.close();
});

test('nothing starts while the store cannot be asked', async () => {
  const epochs = scriptedEpochs();
  epochs.reachable = false;
  await assert.rejects(open(epochs), /out of reach/);
});

test('a burst of nudges is answered by two readings, and after the end nothing is read', async () => {
  const epochs = scriptedEpochs();
  const revocations = await open(epochs, { pollMs: 60_000 });
  const before = epochs.reads;
  for (let n = 0; n < 50; n += 1) void epochs.bump({ kind: 'token', id: String(n) }, 1, Infinity);
  await revocations.refresh();
  assert.equal(epochs.reads - before, 2);
  assert.equal(revocations.isRevoked([{ kind: 'token', id: '49' }], 1), true);
  const signal = revocations.watch([ada], Date.now() + 60_000);
  revocations.close();
  assert.equal(signal.aborted, true);
  const after = epochs.reads;
  await epochs.bump(ada, 2, Infinity);
  await sleep(10);
  assert.equal(epochs.reads, after);
});

test('what the store has forgotten is forgotten here too, once there is much of it', async () => {
  const epochs = scriptedEpochs();
  const revocations = await open(epochs, { pollMs: 60_000 });
  epochs.nudges = false;
  for (let n = 0; n <= 10_000; n += 1) await epochs.bump({ kind: 'token', id: String(n) }, 1, Infinity);
  await revocations.refresh();
  assert.equal(revocations.isRevoked([{ kind: 'token', id: '7' }], 1), true);
  epochs.forget();
  await revocations.refresh();
  assert.equal(revocations.isRevoked([{ kind: 'token', id: '7' }], 1), false);
  revocations.close();
});
