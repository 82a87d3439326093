import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type JsonObject, objectMember, stringMember } from '../../../src/model/json.ts';
import type { Task } from '../../../src/task/index.ts';
import { eventually } from '../../eventually.ts';
import { filesServer, upstreamState } from './files-server.ts';
import { callOf, endpoint, ofTask, outcomeOf, startReplicas, taskAt } from './replicas.ts';

const limit = { timeout: 60_000 };

const upstream = await filesServer({ after });
const replicas = await startReplicas({ after }, 3, upstream.url);

/** Calls a replica with a fresh proof. */
async function call(task: Task, replica: number, name: string): Promise<string> {
  return outcomeOf(await replicas.at(replica, await callOf(task, replicas, name)));
}

/** How often each outcome came. */
function tally(outcomes: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes.toSorted()) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

test('replicas that start at the same moment sign with one set of keys', limit, async () => {
  const sets = await Promise.all([0, 1, 2].map((n) => replicas.at(n, { method: 'GET', path: '/as/jwks' })));
  const [first, ...others] = sets.map(({ message }) => message);
  assert.ok(Array.isArray(first?.['keys']) && first['keys'].length > 0, JSON.stringify(first));
  for (const other of others) assert.deepEqual(other, first);
});

test('a task that one replica granted is used at the others, and through the front', limit, async () => {
  const task = await taskAt(replicas, 0);
  for (const replica of [0, 1, 2]) assert.equal(await call(task, replica, 'echo'), 'done');
  const sent = await callOf(task, replicas, 'echo');
  const { headers, body } = sent as { headers: Record<string, string>; body: string };
  const answer = await fetch(`${replicas.publicUrl}${endpoint}`, { method: 'POST', headers, body });
  assert.equal(outcomeOf({ status: answer.status, text: await answer.text() }), 'done');
  await task.end();
});

test('100 calls at once over three replicas, with a budget of 10: exactly 10 pass', limit, async () => {
  const task = await taskAt(replicas, 1, { calls: 10 });
  const before = upstream.calls('tools/call').length;
  const calls = await Promise.all(Array.from({ length: 100 }, () => callOf(task, replicas, 'echo')));
  const answers = await Promise.all(calls.map((sent, n) => replicas.at(n, sent)));
  assert.deepEqual(tally(answers.map(outcomeOf)), { budget_exhausted: 90, done: 10 });
  assert.equal(upstream.calls('tools/call').length - before, 10);
});

test('a budget that replicas hold parts of is used up to the last call, and no further', limit, async () => {
  const calls = 200;
  const task = await taskAt(replicas, 2, { calls });
  const before = upstream.calls('tools/call').length;
  let done = 0;
  // What a replica holds and does not use comes back after a moment.
  for (let round = 0; round < 8 && done < calls; round += 1) {
    const sent = await Promise.all(Array.from({ length: 60 }, () => callOf(task, replicas, 'echo')));
    const answers = await Promise.all(sent.map((each, n) => replicas.at(n, each)));
    const outcomes = tally(answers.map(outcomeOf));
    assert.deepEqual(
      Object.keys(outcomes).filter((code) => !['done', 'budget_exhausted'].includes(code)),
      [],
    );
    done += outcomes['done'] ?? 0;
    await sleep(400);
  }
  assert.equal(done, calls);
  assert.equal(upstream.calls('tools/call').length - before, calls);
});

test('a proof that one replica has seen is refused by another', limit, async () => {
  const task = await taskAt(replicas, 0);
  const sent = await callOf(task, replicas, 'echo');
  assert.equal(outcomeOf(await replicas.at(0, sent)), 'done');
  const before = upstream.requests.length;
  const again = await replicas.at(1, sent);
  assert.equal(again.status, 401);
  assert.match(again.headers['www-authenticate'] ?? '', /error="invalid_dpop_proof"/);
  assert.equal(upstream.requests.length, before);
});

test(
  'the request state that one replica sealed opens at another, for the same task alone',
  limit,
  async () => {
    const task = await taskAt(replicas, 0);
    const capabilities = { elicitation: { form: {} } };
    const ask = { name: 'ask', arguments: {} };
    const asked = await replicas.at(0, await ofTask(task, replicas, 'tools/call', ask, capabilities));
    const requestState = stringMember(objectMember(asked.message, 'result'), 'requestState') ?? '';
    assert.ok(requestState !== '' && !asked.text.includes(upstreamState), asked.text);
    const answered: JsonObject = { ...ask, requestState, inputResponses: { sure: { action: 'accept' } } };
    const retried = await replicas.at(1, await ofTask(task, replicas, 'tools/call', answered, capabilities));
    assert.equal(outcomeOf(retried), 'done');
    const reached = objectMember(upstream.calls('tools/call').at(-1)?.message, 'params');
    assert.equal(reached?.['requestState'], upstreamState);
    const other = await taskAt(replicas, 1);
    const stolen = await replicas.at(2, await ofTask(other, replicas, 'tools/call', answered, capabilities));
    assert.equal(outcomeOf(stolen), 'state_invalid');
  },
);

test('a sub-agent’s task from another replica ends with the task it comes from', limit, async () => {
  const parent = await taskAt(replicas, 0, { calls: 50 });
  const child = await taskAt(replicas, 1, { subjectToken: parent.token, actions: ['files:echo'], calls: 5 });
  assert.equal(await call(child, 2, 'echo'), 'done');
  await parent.end();
  await eventually('the end of the child', async () => (await call(child, 2, 'echo')) !== 'done');
});
