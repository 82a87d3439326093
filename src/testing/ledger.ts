import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TaskId } from '../model/task.ts';
import type { Clock } from '../pipeline/ports.ts';
import type { HotState, LedgerEntry } from '../pipeline/store-ports.ts';
import { day, half, hundred, minute, type Promised, told } from './replicas.ts';

/** The tests that the ledger of every hot state must pass. */
export function ledgerContract(promise: Promised): void {
  opening(promise);
  taking(promise);
  spendingAtOnce(promise);
  givingBack(promise);
  ending(promise);
  endingAtOnce(promise);
}

function opening(promise: Promised): void {
  promise('a task is entered once, and every replica knows its budget', async ({ one, other, clock }) => {
    const task = newTask(clock, { budget: { calls: 3, bytes: 100 } });
    assert.equal(await other.ledger.state(task.task), undefined);
    assert.equal(await one.ledger.open(task), 'opened');
    assert.equal(await other.ledger.open({ ...task, budget: { calls: 999 } }), 'exists');
    const expected = { left: { calls: 3, bytes: 100 }, ended: false, notAfter: task.notAfter };
    assert.deepEqual(await other.ledger.state(task.task), expected);
  });

  promise('of a hundred entries of one task at once one is entered', async ({ one, other, clock }) => {
    const task = newTask(clock);
    const answers = await hundred(async (n) => half(n, one, other).ledger.open(task));
    assert.equal(answers.filter((answer) => answer === 'opened').length, 1);
    assert.equal(answers.filter((answer) => answer === 'exists').length, 99);
  });

  promise('nothing is delegated from a task that was never entered, ended, or is over', async (replicas) => {
    const { one, other, clock } = replicas;
    const [parent, short] = [newTask(clock), newTask(clock, { notAfter: clock.now() + 10 })];
    const child = (...ancestors: readonly TaskId[]): LedgerEntry => newTask(clock, { ancestors });
    assert.equal(await one.ledger.open(child(parent.task)), 'parent-ended');
    await one.ledger.open(parent);
    await one.ledger.open(short);
    const below = child(parent.task);
    assert.equal(await other.ledger.open(below), 'opened');
    assert.equal(await other.ledger.open(child(taskId(), parent.task)), 'parent-ended');
    assert.equal(await other.ledger.open(child(short.task)), 'opened');
    clock.advance(11);
    assert.equal(await other.ledger.open(child(short.task)), 'parent-ended');
    await one.ledger.end(parent.task, clock.now());
    const late = child(parent.task, below.task);
    assert.equal(await other.ledger.open(late), 'parent-ended');
    assert.equal(await other.ledger.state(late.task), undefined);
    assert.equal(await other.ledger.open(below), 'exists');
  });

  promise('a task is forgotten a day after it was over', async ({ one, clock }) => {
    const task = newTask(clock);
    await one.ledger.open(task);
    clock.advance(day + minute);
    assert.equal(await one.ledger.state(task.task), undefined);
    assert.equal(await one.ledger.take(task.task, call, clock.now()), 'ended');
    assert.equal(await one.ledger.open(newTask(clock, { ancestors: [task.task] })), 'parent-ended');
  });
}

function taking(promise: Promised): void {
  promise('a budget is spent to its last unit and no further', async ({ one, other, clock }) => {
    const { task } = await opened(one, newTask(clock, { budget: { calls: 2, bytes: 10 } }));
    const now = clock.now();
    assert.equal(await one.ledger.take(task, { calls: 1, bytes: 11 }, now), 'exhausted');
    assert.equal(await one.ledger.take(task, { calls: 1, bytes: 10 }, now), 'taken');
    assert.equal(await other.ledger.take(task, { calls: 1, bytes: 1 }, now), 'exhausted');
    assert.equal(await other.ledger.take(task, { calls: 1, bytes: 0 }, now), 'taken');
    assert.equal(await one.ledger.take(task, { calls: 1, bytes: 0 }, now), 'exhausted');
    assert.equal(await one.ledger.take(task, { calls: 0, bytes: 0 }, now), 'taken');
    assert.deepEqual((await one.ledger.state(task))?.left, { calls: 0, bytes: 0 });
  });

  promise('what has no limit is never exhausted', async ({ one, clock }) => {
    const { task } = await opened(one, newTask(clock, { budget: {} }));
    assert.equal(await one.ledger.take(task, { calls: 1e9, bytes: 1e12 }, clock.now()), 'taken');
    assert.deepEqual((await one.ledger.state(task))?.left, {});
  });

  promise('budgets are exact up to the largest whole number', async ({ one, clock }) => {
    const bytes = Number.MAX_SAFE_INTEGER;
    const { task } = await opened(one, newTask(clock, { budget: { bytes } }));
    await one.ledger.take(task, { calls: 0, bytes: 1 }, clock.now());
    assert.deepEqual((await one.ledger.state(task))?.left, { bytes: bytes - 1 });
  });

  promise('it takes from all ancestors or from none', async ({ one, other, clock }) => {
    const [root, middle, leaf] = await chain(one, clock, [
      { calls: 2 },
      { bytes: 10 },
      { calls: 5, bytes: 50 },
    ]);
    const now = clock.now();
    assert.equal(await other.ledger.take(leaf, { calls: 1, bytes: 11 }, now), 'exhausted');
    assert.deepEqual(await lefts(one, [root, middle, leaf]), [
      { calls: 2 },
      { bytes: 10 },
      { calls: 5, bytes: 50 },
    ]);
    assert.equal(await other.ledger.take(leaf, { calls: 2, bytes: 4 }, now), 'taken');
    assert.deepEqual(await lefts(one, [root, middle, leaf]), [
      { calls: 0 },
      { bytes: 6 },
      { calls: 3, bytes: 46 },
    ]);
    assert.equal(await one.ledger.take(leaf, call, now), 'exhausted');
    assert.equal(await one.ledger.take(middle, call, now), 'exhausted');
  });

  promise('after its own or an ancestor’s deadline a task has ended', async ({ one, clock }) => {
    const now = clock.now();
    const root = await opened(one, newTask(clock, { notAfter: now + 100 }));
    const leaf = await opened(one, newTask(clock, { ancestors: [root.task], notAfter: now + 200 }));
    assert.equal(await one.ledger.take(leaf.task, call, now + 100), 'taken');
    assert.equal(await one.ledger.take(leaf.task, call, now + 101), 'ended');
    assert.equal(await one.ledger.take(root.task, call, now + 101), 'ended');
    assert.equal(await one.ledger.take(taskId(), call, now), 'ended');
    assert.deepEqual((await one.ledger.state(root.task))?.left, { calls: 9 });
  });

  promise('when its parent has been forgotten a task has ended', async ({ one, clock }) => {
    const [root, leaf] = [newTask(clock), newTask(clock, { notAfter: clock.now() + 9 * day })];
    await opened(one, root);
    await opened(one, { ...leaf, ancestors: [root.task] });
    clock.advance(2 * day);
    // Whatever tidies up has then had its turn.
    for (let n = 0; n < 130; n += 1) await opened(one, newTask(clock));
    assert.notEqual(await one.ledger.state(leaf.task), undefined);
    assert.equal(await one.ledger.take(leaf.task, call, clock.now()), 'ended');
  });

  promise('an amount below nothing, or in fractions, is refused', async ({ one, clock }) => {
    const { task } = await opened(one, newTask(clock));
    for (const bytes of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      await assert.rejects(async () => one.ledger.take(task, { calls: 0, bytes }, clock.now()), RangeError);
      await assert.rejects(async () => one.ledger.giveBack(task, { calls: bytes, bytes: 0 }), RangeError);
    }
    assert.deepEqual((await one.ledger.state(task))?.left, { calls: 10 });
  });
}

function spendingAtOnce(promise: Promised): void {
  promise('of a hundred calls at once against a budget of ten exactly ten pass', async (replicas) => {
    const { one, other, clock } = replicas;
    const { task } = await opened(one, newTask(clock));
    const answers = await hundred(async (n) => half(n, one, other).ledger.take(task, call, clock.now()));
    assert.equal(answers.filter((answer) => answer === 'taken').length, 10);
    assert.equal(answers.filter((answer) => answer === 'exhausted').length, 90);
  });

  promise('siblings at once spend what their parent has and no more', async ({ one, other, clock }) => {
    const parent = await opened(one, newTask(clock));
    const siblings = await Promise.all(
      [0, 1, 2, 3].map(async () => opened(one, newTask(clock, { ancestors: [parent.task] }))),
    );
    const answers = await hundred(async (n) =>
      half(n >> 2, one, other).ledger.take(siblings[n % 4]?.task ?? assert.fail(), call, clock.now()),
    );
    assert.equal(answers.filter((answer) => answer === 'taken').length, 10);
    assert.deepEqual((await one.ledger.state(parent.task))?.left, { calls: 0 });
    const rests = await lefts(
      one,
      siblings.map(({ task }) => task),
    );
    assert.equal(
      rests.reduce((sum, left) => sum + (left?.calls ?? 0), 0),
      40 - 10,
    );
  });

  promise('taking and giving back at once leaves the budget whole', async ({ one, other, clock }) => {
    const [root, leaf] = await chain(one, clock, [{ calls: 1000 }, { calls: 500, bytes: 5000 }]);
    await hundred(async (n) => {
      const { ledger } = half(n, one, other);
      assert.equal(await ledger.take(leaf, { calls: 2, bytes: 30 }, clock.now()), 'taken');
      await ledger.giveBack(leaf, { calls: 1, bytes: 20 });
    });
    assert.deepEqual(await lefts(one, [root, leaf]), [{ calls: 900 }, { calls: 400, bytes: 4000 }]);
  });
}

function givingBack(promise: Promised): void {
  promise('what is given back can be taken again, all along the ancestors', async ({ one, other, clock }) => {
    const [root, leaf] = await chain(one, clock, [{ bytes: 100 }, { calls: 3 }]);
    await one.ledger.take(leaf, { calls: 2, bytes: 60 }, clock.now());
    await other.ledger.giveBack(leaf, { calls: 1, bytes: 50 });
    assert.deepEqual(await lefts(one, [root, leaf]), [{ bytes: 90 }, { calls: 2 }]);
  });

  promise('no budget rises above what it began with', async ({ one, clock }) => {
    const [root, leaf] = await chain(one, clock, [{ calls: 5 }, { calls: 3, bytes: 7 }]);
    await one.ledger.take(root, call, clock.now());
    await one.ledger.giveBack(leaf, { calls: 99, bytes: 99 });
    assert.deepEqual(await lefts(one, [root, leaf]), [{ calls: 5 }, { calls: 3, bytes: 7 }]);
    await one.ledger.giveBack(taskId(), { calls: 1, bytes: 1 });
  });
}

function ending(promise: Promised): void {
  promise('a task ends with all that was delegated from it, and nothing else', async (replicas) => {
    const { one, other, clock } = replicas;
    const [root, middle, leaf] = await chain(one, clock, [{ calls: 9 }, { calls: 9 }, { calls: 9 }]);
    const aside = await opened(one, newTask(clock, { ancestors: [root] }));
    const { cursor } = await other.epochs.since(undefined);
    const now = clock.now();
    assert.deepEqual(new Set(await other.ledger.end(middle, now)), new Set([middle, leaf]));
    const { bumps } = await one.epochs.since(cursor);
    assert.deepEqual(new Set(bumps.map(({ key }) => key.id)), new Set([middle, leaf]));
    for (const { key, at } of bumps) assert.deepEqual([key.kind, at], ['task', now]);
    for (const task of [middle, leaf]) {
      assert.equal(await one.ledger.take(task, call, now), 'ended');
      assert.equal((await one.ledger.state(task))?.ended, true);
    }
    for (const task of [root, aside.task]) {
      assert.equal(await one.ledger.take(task, call, now), 'taken');
      assert.equal((await one.ledger.state(task))?.ended, false);
    }
    assert.deepEqual(new Set(await one.ledger.end(root, now)), new Set([root, aside.task]));
  });

  promise('an end that was before, or of no known task, ends and tells nothing', async ({ one, clock }) => {
    const { task } = await opened(one, newTask(clock));
    assert.deepEqual(await one.ledger.end(task, clock.now()), [task]);
    const { cursor } = await one.epochs.since(undefined);
    assert.deepEqual(await one.ledger.end(task, clock.now() + 1), []);
    assert.deepEqual(await one.ledger.end(taskId(), clock.now()), []);
    assert.deepEqual((await one.epochs.since(cursor)).bumps, []);
  });

  promise('the epoch of an ended task outlives its deadline', async ({ one, clock }) => {
    const { task, notAfter } = await opened(one, newTask(clock));
    const at = clock.now();
    await one.ledger.end(task, at);
    clock.advance(notAfter - at + minute);
    assert.equal(await told(one.epochs, undefined, { kind: 'task', id: task }), at);
  });
}

function endingAtOnce(promise: Promised): void {
  promise('no call passes after the end, and none is lost from the count', async ({ one, other, clock }) => {
    const { task } = await opened(one, newTask(clock, { budget: { calls: 1000 } }));
    const takes = hundred(async (n) => half(n, one, other).ledger.take(task, call, clock.now()));
    await other.ledger.end(task, clock.now());
    assert.equal(await one.ledger.take(task, call, clock.now()), 'ended');
    const passed = (await takes).filter((answer) => answer === 'taken').length;
    assert.deepEqual((await one.ledger.state(task))?.left, { calls: 1000 - passed });
  });

  promise('of ends at once each task is told by one', async ({ one, other, clock }) => {
    const tasks = await chain(one, clock, [{ calls: 9 }, { calls: 9 }, { calls: 9 }]);
    const answers = await hundred(async (n) =>
      half(n, one, other).ledger.end(tasks[n % 3] ?? assert.fail(), clock.now()),
    );
    assert.deepEqual(answers.flat().toSorted(), tasks.toSorted());
  });

  promise('a task delegated while its parent ends is refused or ends too', async ({ one, other, clock }) => {
    for (let round = 0; round < 20; round += 1) {
      const root = await opened(one, newTask(clock));
      const children = Array.from({ length: 5 }, () => newTask(clock, { ancestors: [root.task] }));
      const entered = children.map(async (child, n) => half(n, one, other).ledger.open(child));
      const ended = await other.ledger.end(root.task, clock.now());
      const answers = await Promise.all(entered);
      const survivors = children.filter(({ task }, n) => answers[n] === 'opened' && !ended.includes(task));
      assert.deepEqual(survivors, []);
    }
  });
}

const call = { calls: 1, bytes: 0 };

function taskId(): TaskId {
  return randomUUID() as string as TaskId;
}

/** A task that nobody has entered: ten calls within a minute. */
export function newTask(clock: Pick<Clock, 'now'>, given: Partial<LedgerEntry> = {}): LedgerEntry {
  return { task: taskId(), ancestors: [], budget: { calls: 10 }, notAfter: clock.now() + minute, ...given };
}

async function opened({ ledger }: HotState, task: LedgerEntry): Promise<LedgerEntry> {
  assert.equal(await ledger.open(task), 'opened');
  return task;
}

/** Enters tasks that are delegated one from another, the first one first. */
async function chain<const Budgets extends readonly LedgerEntry['budget'][]>(
  state: HotState,
  clock: Pick<Clock, 'now'>,
  budgets: Budgets,
): Promise<{ readonly [Place in keyof Budgets]: TaskId }> {
  const ids: TaskId[] = [];
  for (const budget of budgets) {
    const { task } = await opened(state, newTask(clock, { ancestors: [...ids], budget }));
    ids.push(task);
  }
  return ids as { readonly [Place in keyof Budgets]: TaskId };
}

async function lefts(
  { ledger }: HotState,
  tasks: readonly TaskId[],
): Promise<readonly (LedgerEntry['budget'] | undefined)[]> {
  return Promise.all(tasks.map(async (task) => (await ledger.state(task))?.left));
}
