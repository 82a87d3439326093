import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../model/refusal.ts';
import type { Subject } from '../../model/subject.ts';
import type { Task } from '../../model/task.ts';
import type { Credentials } from '../../pipeline/ports.ts';
import { testSubject } from '../../testing/pipeline-ports.ts';
import { withImplicitTasks } from './implicit.ts';

const clock = { now: () => 1_000_000 };
const template = { actions: ['github:*'], constraints: {}, calls: 3, seconds: 60 };

function credentials(authorization: string): Credentials {
  return {
    authorization,
    resource: '',
    metadataUrl: '',
    header: () => undefined,
    peer: '',
    method: 'POST',
    url: '',
  };
}

/** The task that a subject gets, on a replica of its own. */
async function taskOf(subject: Subject, authorization: string): Promise<Task> {
  const identity = withImplicitTasks({ identify: () => subject }, template, clock);
  const found = await identity.identify(credentials(authorization));
  assert.ok(!(found instanceof Refusal) && found.task !== undefined);
  return found.task;
}

const { tokenId: _, ...nameless } = testSubject({ issuedAt: 900_000, expiresAt: 2_000_000 });

test('one token has one task on every replica, however its header is spelled', async () => {
  const task = await taskOf(nameless, 'Bearer one');
  assert.deepEqual(await taskOf({ ...nameless }, 'bearer   one'), task);
  assert.deepEqual(task.permissions, [{ actions: ['github:*'] }]);
  assert.deepEqual(task.budget, { calls: 3 });
  assert.equal(task.notAfter, 960_000);
});

test('two tokens have two tasks, so that one cannot use up the budget of the other', async () => {
  const ids = new Set([
    (await taskOf(nameless, 'Bearer one')).id,
    (await taskOf(nameless, 'Bearer two')).id,
    (await taskOf({ ...nameless, tokenId: 'a' }, 'Bearer one')).id,
    (await taskOf({ ...nameless, tokenId: 'b' }, 'Bearer one')).id,
    (await taskOf({ ...nameless, agent: { id: 'another' } }, 'Bearer one')).id,
  ]);
  assert.equal(ids.size, 5);
});

test('a subject with a task of its own keeps it', async () => {
  const own = await taskOf(nameless, 'Bearer one');
  assert.equal(await taskOf({ ...nameless, task: own }, 'Bearer two'), own);
});
