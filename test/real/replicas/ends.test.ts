import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, type TestContext, test } from 'node:test';
import type { JsonObject } from '../../../src/model/json.ts';
import type { Task } from '../../../src/task/index.ts';
import { eventually } from '../../eventually.ts';
import { filesServer } from './files-server.ts';
import { callOf, endpoint, ofTask, outcomeOf, startReplicas, taskAt, type Wishes } from './replicas.ts';

const limit = { timeout: 60_000 };
/** What is promised is one second; a busy machine may add its own. */
const boundMs = 3_000;

const upstream = await filesServer({ after });
const replicas = await startReplicas({ after }, 3, upstream.url);

/** Something that runs at a replica until it is ended. */
interface Running {
  readonly what: string;
  /** When it ended, on the clock of `performance`, and what its client was told. */
  readonly ended: Promise<{ readonly at: number; readonly outcome: string }>;
}

/** Begins a call that is never answered at each of these replicas, and a stream of changes. */
async function startRunning(task: Task, at: readonly number[]): Promise<readonly Running[]> {
  const before = { calls: reached('tools/call'), streams: reached('subscriptions/listen') };
  const running = await Promise.all(at.flatMap((replica) => [hang(task, replica), listen(task, replica)]));
  await eventually('the calls at the upstream', () => reached('tools/call') === before.calls + at.length);
  await eventually(
    'the streams at the upstream',
    () => reached('subscriptions/listen') === before.streams + at.length,
  );
  return running;
}

function reached(method: string): number {
  return upstream.calls(method).length;
}

async function hang(task: Task, replica: number): Promise<Running> {
  const answer = replicas.at(replica, await callOf(task, replicas, 'hang'));
  const ended = answer.then((answered) => ({ at: performance.now(), outcome: outcomeOf(answered) }));
  return { what: `a call at replica ${replica}`, ended };
}

async function listen(task: Task, replica: number): Promise<Running> {
  const wanted = { notifications: { toolsListChanged: true } };
  const stream = await replicas.openAt(replica, await ofTask(task, replicas, 'subscriptions/listen', wanted));
  const first = await stream.next();
  assert.equal(first?.['method'], 'notifications/subscriptions/acknowledged');
  const ended = (async () => {
    while ((await stream.next()) !== undefined);
    return { at: performance.now(), outcome: 'closed' };
  })();
  return { what: `a stream at replica ${replica}`, ended };
}

/** Runs a task at the replicas 1 and 2, ends it in some way at replica 0, and sees that everything ends in time. */
async function endsEverywhere(
  t: TestContext,
  wishes: Wishes,
  end: (task: Task) => Promise<void>,
): Promise<void> {
  const task = await taskAt(replicas, 0, wishes);
  const running = await startRunning(task, [1, 2]);
  const begin = performance.now();
  await end(task);
  const told = performance.now();
  for (const { what, ended } of running) {
    const { at, outcome } = await ended;
    t.diagnostic(`${what} ended ${Math.round(at - begin)} ms after the order, ${outcome}`);
    assert.ok(at - told < boundMs, `${what} went on for ${at - told} ms`);
    assert.equal(outcome, what.startsWith('a call') ? 'task_ended' : 'closed');
  }
  for (const replica of [0, 1, 2]) {
    const { status } = await replicas.at(replica, await callOf(task, replicas, 'echo'));
    assert.equal(status, 401, `replica ${replica} still takes the token`);
  }
}

/** Revokes at replica 0, as an operator. */
async function revoke(kind: string, id: string): Promise<void> {
  const claims = { sub: 'operator', roles: ['owner'], aud: `${replicas.publicUrl}${endpoint}` };
  const answer = await replicas.at(0, {
    path: '/revocations',
    headers: {
      authorization: `Bearer ${replicas.issuer.token(claims)}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ kind, id } satisfies JsonObject),
  });
  assert.equal(answer.status, 200, answer.text);
}

test('a task that is ended at one replica ends at the others within a second', limit, async (t) => {
  await endsEverywhere(t, {}, (task) => task.end());
});

test('a task that an operator revokes at one replica ends at the others', limit, async (t) => {
  await endsEverywhere(t, { agent: 'agent-by-task' }, ({ id }) => revoke('task', id));
});

test('revoking a user at one replica ends its tasks at the others', limit, async (t) => {
  const sub = `user-${randomUUID()}`;
  await endsEverywhere(t, { agent: 'agent-by-user', claims: { sub } }, () =>
    revoke('user', `${replicas.issuer.issuer} ${sub}`),
  );
});

test('revoking an agent at one replica ends its tasks at the others', limit, async (t) => {
  const agent = 'agent-by-agent';
  await endsEverywhere(t, { agent }, () => revoke('agent', agent));
});

test('revoking a device at one replica ends the tasks of whoever is on it', limit, async (t) => {
  const device = `device-${randomUUID()}`;
  await endsEverywhere(t, { agent: 'agent-by-device', claims: { device, managed: true } }, () =>
    revoke('device', device),
  );
});

test('a task at its deadline ends what runs, at every replica', limit, async (t) => {
  const task = await taskAt(replicas, 0, { seconds: 2 });
  const running = await startRunning(task, [1, 2]);
  for (const { what, ended } of running) {
    await ended;
    const late = Date.now() - Number(task.granted[0]?.['not_after']) * 1000;
    t.diagnostic(`${what} ended ${late} ms after the deadline`);
    assert.ok(late < boundMs, `${what} went on for ${late} ms`);
  }
});
