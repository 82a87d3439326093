import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../model/json.ts';
import { refuse } from '../model/refusal.ts';
import { testArrival, testCall, testPorts, testReply, written } from '../testing/pipeline-ports.ts';
import { enforce } from './enforce.ts';
import type { Outcome, Ports, Tasks } from './ports.ts';

const never = new AbortController().signal;
const call = testCall('tools/call', { name: 'read', arguments: {} });
const content = [{ type: 'text', text: 'x'.repeat(1_000) }];

function codeOf(outcome: Outcome): string {
  return outcome.kind === 'refused' ? outcome.refusal.code : 'released';
}

/** A budget of bytes, as a task has one. */
function budget(bytes: number): Tasks & { readonly left: () => number } {
  let left = bytes;
  return {
    begin: () => ({ ended: new AbortController().signal }),
    charge: (_subject, amount) => {
      if (amount > left) return refuse('budget_exhausted', 'test');
      left -= amount;
      return undefined;
    },
    left: () => left,
  };
}

function answering(tasks: Tasks): Ports & { readonly records: readonly unknown[] } {
  const ports = testPorts({ tasks });
  const relay: Ports['upstreams']['relay'] = async (order) =>
    testReply(order.call, { resultType: 'complete', content });
  return { ...ports, upstreams: { ...ports.upstreams, relay } };
}

test('an answer is charged by its bytes', async () => {
  const tasks = budget(5_000);
  const outcome = await enforce(answering(tasks))(testArrival(call), never);
  assert.equal(codeOf(outcome), 'released');
  const { bytes } = testReply(call, { resultType: 'complete', content }).document;
  assert.equal(tasks.left(), 5_000 - bytes.byteLength);
});

test('an answer that is larger than what the task has left is not released, and the record says so', async () => {
  const ports = answering(budget(500));
  const outcome = await enforce(ports)(testArrival(call), never);
  assert.equal(codeOf(outcome), 'budget_exhausted');
  assert.ok(!JSON.stringify(outcome).includes('xxxx'));
  const records = ports.records as readonly JsonObject[];
  assert.deepEqual([records[1]?.['kind'], records[1]?.['denial']], ['outcome', 'budget_exhausted']);
});

test('messages on the way are charged, so that nothing leaves beside the budget', async () => {
  const tasks = budget(500);
  const ports = testPorts({ tasks });
  const progress = {
    jsonrpc: '2.0',
    method: 'notifications/progress',
    params: { progressToken: 't', progress: 1, message: 'y'.repeat(200) },
  };
  const asking = { ...call, client: { ...call.client, progressToken: 't' } };
  const relay: Ports['upstreams']['relay'] = async (order) => {
    for (let n = 0; n < 5; n += 1) await order.notify(written(progress));
    return testReply(order.call, { resultType: 'complete', content: [] });
  };
  const arrival = testArrival(asking);
  await enforce({ ...ports, upstreams: { ...ports.upstreams, relay } })(arrival, never);
  assert.ok(arrival.sent.length >= 1 && arrival.sent.length < 5, `${arrival.sent.length} messages were sent`);
});

test('a ledger out of reach withholds the answer', async () => {
  const tasks: Tasks = {
    begin: () => ({ ended: new AbortController().signal }),
    charge: () => refuse('overloaded', 'the ledger cannot be reached'),
  };
  assert.equal(codeOf(await enforce(answering(tasks))(testArrival(call), never)), 'overloaded');
});

test('lists are not charged', async () => {
  const ports = testPorts({ tasks: { ...budget(0), charge: () => assert.fail('charged') } });
  assert.equal(codeOf(await enforce(ports)(testArrival(testCall('tools/list', {})), never)), 'released');
});
