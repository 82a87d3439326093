import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import type { Task } from '../../../src/task/index.ts';
import { TaskError } from '../../../src/task/index.ts';
import { eventually } from '../../eventually.ts';
import type { Answered } from '../../intermediary/bench/http.ts';
import { type Redis, startRedis } from '../stores/start-redis.ts';
import { filesServer } from './files-server.ts';
import { callOf, outcomeOf, startReplicas, taskAt } from './replicas.ts';

const limit = { timeout: 60_000 };

const upstream = await filesServer({ after });
const replicas = await startReplicas({ after }, 2, upstream.url);

let secondRedis: Redis | undefined;
after(() => secondRedis?.stop());

async function call(task: Task, replica: number): Promise<Answered> {
  return replicas.at(replica, await callOf(task, replicas, 'echo'));
}

/** No task is granted, and the token endpoint says that it cannot at the moment. */
async function refusesForNow(t: TestContext): Promise<void> {
  const begin = performance.now();
  await assert.rejects(taskAt(replicas, 1), (fault) => {
    t.diagnostic(`after ${Math.round(performance.now() - begin)} ms: ${String(fault)}`);
    return fault instanceof TaskError && fault.code === 'temporarily_unavailable';
  });
}

test(
  'without Redis every replica refuses the calls of tasks at once, and takes them when it is back',
  limit,
  async (t) => {
    const task = await taskAt(replicas, 0);
    for (const replica of [0, 1]) assert.equal(outcomeOf(await call(task, replica)), 'done');
    const port = Number(new URL(replicas.redis.url).port);
    await replicas.redis.stop();
    const reached = upstream.calls('tools/call').length;
    for (const replica of [0, 1]) {
      const begin = performance.now();
      const refused = await call(task, replica);
      t.diagnostic(`replica ${replica} refused after ${Math.round(performance.now() - begin)} ms`);
      assert.deepEqual([refused.status, outcomeOf(refused)], [503, 'overloaded']);
    }
    await refusesForNow(t);
    assert.equal(upstream.calls('tools/call').length, reached);

    secondRedis = await startRedis({ port });
    let fresh: Task | undefined;
    await eventually('a task', async () => {
      fresh = await taskAt(replicas, 0).catch(() => undefined);
      return fresh !== undefined;
    });
    for (const replica of [0, 1]) {
      await eventually(
        `replica ${replica}`,
        async () => outcomeOf(await call(fresh as Task, replica)) === 'done',
      );
    }
    // This Redis keeps nothing on disk: whoever it does not know has no budget left that anybody could vouch for.
    assert.equal(outcomeOf(await call(task, 0)), 'task_ended');
  },
);

test(
  'without PostgreSQL running tasks go on, and the token endpoint says what is the matter',
  limit,
  async (t) => {
    const task = await taskAt(replicas, 0, { calls: 20 });
    assert.equal(outcomeOf(await call(task, 0)), 'done');
    await replicas.postgres.stop();
    for (const replica of [0, 1, 0, 1]) assert.equal(outcomeOf(await call(task, replica)), 'done');
    await refusesForNow(t);
  },
);
