import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { setImmediate as immediate } from 'node:timers/promises';
import fc from 'fast-check';
import type { TaskBudget, TaskId } from '../../model/task.ts';
import type { Spending, TaskLedger } from '../../pipeline/store-ports.ts';
import { type LeasedLedger, leased } from './lease.ts';

const task = 'task' as TaskId;
const call: Spending = { calls: 1, bytes: 0 };
const clock = { now: () => Date.now() };

/** A ledger of one task, and how often it was asked. `order` decides when it answers. */
function ledgerOf(
  budget: Required<TaskBudget>,
  order: <T>(step: () => T) => Promise<T> = async (step) => step(),
) {
  let left = { ...budget };
  let ended = false;
  const asked = { take: 0, giveBack: 0, state: 0 };
  const isOver = (now: number): boolean => ended || now > 10_000_000;
  const take = (amount: Spending, now: number): 'taken' | 'exhausted' | 'ended' => {
    asked.take += 1;
    if (isOver(now)) return 'ended';
    if (left.calls < amount.calls || left.bytes < amount.bytes) return 'exhausted';
    left = { calls: left.calls - amount.calls, bytes: left.bytes - amount.bytes };
    return 'taken';
  };
  const giveBack = (amount: Spending): void => {
    asked.giveBack += 1;
    left = { calls: left.calls + amount.calls, bytes: left.bytes + amount.bytes };
    assert.ok(left.calls <= budget.calls && left.bytes <= budget.bytes, 'more came back than there was');
  };
  const ledger: TaskLedger = {
    open: () => 'exists',
    take: (_task, amount, now) => order(() => take(amount, now)),
    giveBack: (_task, amount) => order(() => giveBack(amount)),
    end: () =>
      order(() => {
        const ids = ended ? [] : [task];
        ended = true;
        return ids;
      }),
    state: () =>
      order(() => {
        asked.state += 1;
        return { left, ended, notAfter: 10_000_000 };
      }),
  };
  return { ledger, asked, left: () => left };
}

/** Lets everything answer that is under way. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** Runs with a clock that moves by `tick` alone. */
async function inSlowTime(run: (tick: (ms: number) => Promise<void>) => Promise<void>): Promise<void> {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
  try {
    await run(async (ms) => {
      mock.timers.tick(ms);
      await settle();
    });
  } finally {
    mock.timers.reset();
  }
}

/** A replica that holds a part already. */
async function inSteadyUse(replica: LeasedLedger): Promise<void> {
  await replica.take(task, call, Date.now());
  await replica.take(task, call, Date.now());
  await settle();
}

test('a task in steady use is paid without waiting, and the ledger is asked now and then', () =>
  inSlowTime(async () => {
    const { ledger, asked } = ledgerOf({ calls: 10_000, bytes: 0 });
    const replica = leased(ledger, clock);
    await inSteadyUse(replica);
    const before = asked.take;
    for (let n = 0; n < 1_000; n += 1) {
      assert.equal(replica.take(task, call, Date.now()), 'taken');
      if (n % 16 === 15) await settle();
    }
    assert.ok(asked.take - before < 50, `${asked.take - before} takes`);
    await replica.close();
  }));

test('a task that is used once is the ledger’s own', () =>
  inSlowTime(async (tick) => {
    const { ledger, asked, left } = ledgerOf({ calls: 10_000, bytes: 0 });
    const replica = leased(ledger, clock);
    assert.equal(await replica.take(task, call, Date.now()), 'taken');
    await tick(1_000);
    assert.deepEqual(asked, { take: 1, giveBack: 0, state: 0 });
    assert.equal(left().calls, 9_999);
  }));

test('nothing is held of a small budget: every take is the ledger’s own', () =>
  inSlowTime(async () => {
    const { ledger, asked, left } = ledgerOf({ calls: 10, bytes: 100 });
    const replica = leased(ledger, clock);
    const answers = [];
    for (let n = 0; n < 12; n += 1) {
      answers.push(await replica.take(task, call, Date.now()));
      await settle();
      assert.equal(left().calls, Math.max(0, 9 - n));
    }
    assert.deepEqual(answers.slice(9), ['taken', 'exhausted', 'exhausted']);
    assert.deepEqual(asked, { take: 12, giveBack: 0, state: 1 });
  }));

test('what lies idle for a quarter of a second is given back, and what is used is not', () =>
  inSlowTime(async (tick) => {
    const { ledger, left } = ledgerOf({ calls: 1_002, bytes: 0 });
    const replica = leased(ledger, clock);
    await inSteadyUse(replica);
    assert.equal(left().calls, 1_000 - 62);
    await tick(200);
    assert.equal(replica.take(task, call, Date.now()), 'taken');
    await tick(249);
    assert.equal(left().calls, 1_000 - 62);
    await tick(1);
    assert.equal(left().calls, 999);
  }));

test('a replica can spend all that is left at once, though it holds a part of it', () =>
  inSlowTime(async () => {
    const { ledger, left } = ledgerOf({ calls: 1_000, bytes: 0 });
    const replica = leased(ledger, clock);
    await inSteadyUse(replica);
    assert.equal(await replica.take(task, { calls: 998, bytes: 0 }, Date.now()), 'taken');
    assert.equal(await replica.take(task, call, Date.now()), 'exhausted');
    assert.equal(left().calls, 0);
  }));

test('the close gives everything back, what is on its way too', () =>
  inSlowTime(async () => {
    const { ledger, left } = ledgerOf({ calls: 1_000, bytes: 5_000 }, async (step) => {
      const answer = step();
      await immediate();
      return answer;
    });
    const replica = leased(ledger, clock);
    await replica.take(task, { calls: 1, bytes: 10 }, Date.now());
    await replica.take(task, { calls: 1, bytes: 10 }, Date.now());
    // The part was asked for, and the answer has not come.
    await immediate();
    await replica.close();
    assert.deepEqual(left(), { calls: 998, bytes: 4_980 });
    for (let n = 0; n < 10; n += 1) await replica.take(task, call, Date.now());
    assert.equal(left().calls, 988);
  }));

test('a lease ends with its task, and its rest goes back', () =>
  inSlowTime(async () => {
    const { ledger, left } = ledgerOf({ calls: 1_000, bytes: 0 });
    const replica = leased(ledger, clock);
    await inSteadyUse(replica);
    assert.deepEqual(await replica.end(task, Date.now()), [task]);
    assert.equal(await replica.take(task, call, Date.now()), 'ended');
    assert.equal(left().calls, 998);
  }));

test('an end on another replica counts at once when it is told, and else within a second', () =>
  inSlowTime(async (tick) => {
    const { ledger, left } = ledgerOf({ calls: 1_000, bytes: 0 });
    const [told, untold] = [leased(ledger, clock), leased(ledger, clock)];
    await inSteadyUse(told);
    await inSteadyUse(untold);
    await ledger.end(task, Date.now());
    await told.release(task);
    assert.equal(await told.take(task, call, Date.now()), 'ended');
    for (let n = 0; n < 10; n += 1) {
      await tick(100);
      assert.equal(await untold.take(task, call, Date.now()), 'taken');
    }
    await tick(1);
    assert.equal(await untold.take(task, call, Date.now()), 'ended');
    await settle();
    assert.equal(left().calls, 1_000 - 4 - 10);
  }));

test('nothing is spent from a lease after the deadline', () =>
  inSlowTime(async () => {
    const { ledger } = ledgerOf({ calls: 1_000, bytes: 0 });
    const replica = leased(ledger, clock);
    await inSteadyUse(replica);
    assert.equal(replica.take(task, call, 10_000_000), 'taken');
    assert.equal(await replica.take(task, call, 10_000_001), 'ended');
  }));

test('an amount below nothing never makes a lease larger', () =>
  inSlowTime(async () => {
    const { ledger, asked } = ledgerOf({ calls: 1_000, bytes: 0 });
    const replica = leased(ledger, clock);
    await inSteadyUse(replica);
    const before = asked.take;
    // The ledger's own refusal is part of its contract; here it only must be the one that is asked.
    await replica.take(task, { calls: -1, bytes: 0 }, Date.now());
    assert.equal(asked.take, before + 1);
  }));

test('a ledger out of reach rejects takes that need it, and what did not arrive is not given twice', () =>
  inSlowTime(async (tick) => {
    let isAway = false;
    const { ledger, left } = ledgerOf({ calls: 1_000, bytes: 0 }, async (step) => {
      if (isAway) throw new Error('away');
      return step();
    });
    const replica = leased(ledger, clock);
    await inSteadyUse(replica);
    const held = 998 - left().calls;
    isAway = true;
    for (let n = 0; n < held; n += 1) assert.equal(replica.take(task, call, Date.now()), 'taken');
    await assert.rejects(async () => replica.take(task, call, Date.now()), /away/);
    await tick(300);
    isAway = false;
    await replica.close();
    assert.equal(left().calls, 998 - held);
  }));

const amounts = fc.record({ calls: fc.integer({ min: 0, max: 3 }), bytes: fc.integer({ min: 0, max: 400 }) });

const steps = fc.array(
  fc.record({
    replica: fc.nat(2),
    amount: amounts,
    wait: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 400 })),
    answers: fc.nat(4),
  }),
  { minLength: 20, maxLength: 150 },
);

test('whatever the order, replicas spend no more than the budget, and the rest comes back to the last unit', async () => {
  const budgets = fc.record({
    calls: fc.integer({ min: 0, max: 300 }),
    bytes: fc.integer({ min: 0, max: 40_000 }),
  });
  const property = fc.asyncProperty(fc.scheduler(), budgets, steps, (scheduler, budget, plan) =>
    inSlowTime(async (tick) => {
      const order = <T>(step: () => T): Promise<T> => scheduler.schedule(Promise.resolve()).then(step);
      const { ledger, left } = ledgerOf(budget, order);
      const replicas = [0, 1, 2].map(() => leased(ledger, clock));
      const spent = { calls: 0, bytes: 0 };
      const spend = async (replica: number, amount: Spending): Promise<void> => {
        const answer = await replicas[replica]?.take(task, amount, Date.now());
        if (answer !== 'taken') return;
        spent.calls += amount.calls;
        spent.bytes += amount.bytes;
        assert.ok(spent.calls <= budget.calls && spent.bytes <= budget.bytes, 'more than the budget');
      };
      const drain = async (): Promise<void> => {
        await settle();
        for (; scheduler.count() > 0; await settle()) await scheduler.waitOne();
      };
      const running: Promise<void>[] = [];
      for (const { replica, amount, wait, answers } of plan) {
        running.push(spend(replica, amount));
        await settle();
        for (let n = 0; n < answers && scheduler.count() > 0; n += 1) await scheduler.waitOne();
        if (wait > 0) await tick(wait);
      }
      await drain();
      await Promise.all(running);
      await tick(500);
      await drain();
      const rest = { calls: budget.calls - spent.calls, bytes: budget.bytes - spent.bytes };
      assert.deepEqual(left(), rest);
      // All of it can be used, by anybody.
      const last = spend(1, rest);
      await drain();
      await last;
      assert.deepEqual(left(), { calls: 0, bytes: 0 });
    }),
  );
  await fc.assert(property, { numRuns: 300 });
});
