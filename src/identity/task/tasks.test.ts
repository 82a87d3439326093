import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../model/refusal.ts';
import type { Subject } from '../../model/subject.ts';
import type { TaskId } from '../../model/task.ts';
import type { Spending } from '../../pipeline/store-ports.ts';
import { testSubject } from '../../testing/pipeline-ports.ts';
import { createTasks, type TasksOptions } from './tasks.ts';

const clock = { now: () => 1_000_000 };
const once: Spending = { calls: 1, bytes: 10 };

const subject: Subject = {
  ...testSubject({ issuedAt: 999_000 }),
  task: {
    id: 'task' as TaskId,
    ancestors: [],
    permissions: [{ actions: ['*'] }],
    budget: { calls: 1 },
    notAfter: 2_000_000,
  },
};

/** Tasks whose user is revoked when `isRevoked` says so, with what they asked of the ledger. */
function tasksWith(
  isRevoked: () => boolean,
  take: TasksOptions['ledger']['take'] = () => 'taken',
): { readonly begin: ReturnType<typeof createTasks>['begin']; readonly taken: Spending[] } {
  const taken: Spending[] = [];
  const { begin } = createTasks({
    ledger: {
      open: () => 'opened',
      take: (task, amount, now) => {
        taken.push(amount);
        return take(task, amount, now);
      },
    },
    revocations: { isRevoked, stale: () => false, watch: () => new AbortController().signal },
    clock,
  });
  return { begin, taken };
}

test('what was revoked takes nothing from the ledger', async () => {
  for (const holder of [subject, testSubject()]) {
    const { begin, taken } = tasksWith(() => true);
    const refusal = await begin(holder, once);
    assert.ok(refusal instanceof Refusal);
    assert.equal(refusal.code, 'task_ended');
    assert.deepEqual(taken, []);
  }
});

test('what is revoked while the ledger is asked does not begin', async () => {
  let revoked = false;
  const { begin, taken } = tasksWith(
    () => revoked,
    () => {
      revoked = true;
      return Promise.resolve('taken');
    },
  );
  const refusal = await begin(subject, once);
  assert.ok(refusal instanceof Refusal);
  assert.equal(refusal.code, 'task_ended');
  assert.deepEqual(taken, [once]);
});

test('a task past its end is refused before the ledger hears of it', async () => {
  const { begin, taken } = tasksWith(() => false);
  const task = { ...subject.task, notAfter: clock.now() } as NonNullable<Subject['task']>;
  const refusal = await begin({ ...subject, task }, once);
  assert.ok(refusal instanceof Refusal);
  assert.equal(refusal.code, 'task_ended');
  assert.deepEqual(taken, []);
});
