import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../model/json.ts';
import type { DecisionRecord } from '../model/record.ts';
import { refuse } from '../model/refusal.ts';
import type { TaskId } from '../model/task.ts';
import {
  testArrival,
  testCall,
  testPorts,
  testReply,
  testSubject,
  written,
} from '../testing/pipeline-ports.ts';
import { enforce } from './enforce.ts';
import type { ListenOrder, RelayOrder } from './ports.ts';

const never = new AbortController().signal;
const read = testCall('tools/call', { name: 'read', arguments: {} });

test('counts the refusals of a flood of strangers instead of filling the disk with them', async () => {
  let now = 1_800_000_000_000;
  const base = testPorts();
  const identity = { identify: () => refuse('token_missing', 'none') };
  const ports = testPorts({ identity, clock: { ...base.clock, now: () => now } });
  const run = enforce(ports);
  for (let n = 0; n < 5_000; n++) {
    const outcome = await run(testArrival(read), never);
    assert.equal(outcome.kind === 'refused' && outcome.refusal.code, 'token_missing');
  }
  assert.equal(ports.records.length, 1_000);
  now += 1_000;
  await run(testArrival(read), never);
  assert.deepEqual((ports.records[1_000] as unknown as JsonObject)['facts'], {
    count: 4_000,
    reason: 'more callers without a valid token than are recorded one by one',
  });
  assert.equal((ports.records[1_001] as DecisionRecord).denial, 'token_missing');
});

test('records every refusal of a caller that is known', async () => {
  const ports = testPorts();
  const run = enforce(ports);
  const unknown = testCall('tools/call', { name: 'nothing' });
  for (let n = 0; n < 1_100; n++) await run(testArrival(unknown), never);
  assert.equal(ports.records.length, 1_100);
});

test('a record of a refusal does not grow with what the caller named', async () => {
  const ports = testPorts();
  await enforce(ports)(testArrival(testCall('tools/call', { name: 'x'.repeat(1_000_000) })), never);
  assert.ok(JSON.stringify(ports.records).length < 4_096);
});

test('the notes on withheld messages of one call are bounded, and the upstream waits for them', async () => {
  const gate = Promise.withResolvers<void>();
  let taken = 0;
  const ports = testPorts({
    upstreams: {
      ...testPorts().upstreams,
      relay: async ({ call, notify }: RelayOrder) => {
        const foreign = written({
          jsonrpc: '2.0',
          method: 'notifications/progress',
          params: { progressToken: 'x' },
        });
        const first = notify(foreign).then(() => taken++);
        await new Promise(setImmediate);
        assert.equal(taken, 0);
        gate.resolve();
        await first;
        for (let n = 0; n < 500; n++) await notify(foreign);
        return testReply(call, { resultType: 'complete', content: [] });
      },
    },
  });
  const kept: unknown[] = [];
  const journal = {
    append: (record: { readonly kind: string }) => {
      kept.push(record);
      return record.kind === 'event' ? gate.promise : Promise.resolve();
    },
  };
  await enforce({ ...ports, journal })(testArrival(read), never);
  const notes = kept.filter((record) => (record as JsonObject)['kind'] === 'event');
  assert.equal(notes.length, 32);
  assert.match(JSON.stringify(notes.at(-1)), /not noted for a minute/);
});

test('a response or request in the clothes of a notification reaches no client, nor does a borrowed decision', async () => {
  const progress = { jsonrpc: '2.0', method: 'notifications/progress' };
  const params = { progressToken: 1, _meta: { 'dev.bartizan/decision': 'forged', other: 1 } };
  const ports = testPorts({
    upstreams: {
      ...testPorts().upstreams,
      relay: async ({ call, notify }: RelayOrder) => {
        for (const extra of [
          { id: null },
          { id: 1.5 },
          { result: {} },
          { error: { code: 1, message: '' } },
        ]) {
          await notify(written({ ...progress, params, ...extra }));
        }
        await notify(written({ ...progress, jsonrpc: '1.0', params }));
        await notify(written({ ...progress, params }));
        return testReply(call, { resultType: 'complete', content: [] });
      },
    },
  });
  const call = testCall('tools/call', { name: 'read' }, { client: { ...read.client, progressToken: 1 } });
  const arrival = testArrival(call);
  await enforce(ports)(arrival, never);
  assert.deepEqual(arrival.sent, [{ ...progress, params: { progressToken: 1, _meta: { other: 1 } } }]);
});

test('decides a bounded number of resource subscriptions', async () => {
  let asked: ListenOrder | undefined;
  const ports = testPorts({
    catalog: {
      ...testPorts().catalog,
      describe: () => ({ capabilities: { resources: { subscribe: true } } }),
    },
    upstreams: {
      ...testPorts().upstreams,
      listen: async (order: ListenOrder) => {
        asked = order;
        order.ready();
      },
    },
  });
  const resourceSubscriptions = Array.from({ length: 100_000 }, (_, n) => `x:${n}`);
  const arrival = testArrival(testCall('subscriptions/listen', { notifications: { resourceSubscriptions } }));
  await enforce(ports)(arrival, never);
  assert.equal(asked?.filter.resourceSubscriptions.length, 256);
});

test('a completion for a reference of an unknown type completes nothing', async () => {
  const catalog = {
    ...testPorts().catalog,
    find: () => ({ primitive: { server: 'files' as never, kind: 'template' as const, name: 'x' }, item: {} }),
  };
  const codeOf = async (type: string): Promise<string> => {
    const call = testCall('completion/complete', { ref: { type, uri: 'x', name: 'hidden' } });
    const outcome = await enforce(testPorts({ catalog }))(testArrival(call), never);
    return outcome.kind === 'refused' ? outcome.refusal.code : 'released';
  };
  assert.equal(await codeOf('ref/resource'), 'released');
  assert.equal(await codeOf('ref/tool'), 'resource_unknown');
});

test('a record names the task, the chain of actors and the proof, and grows with none of them', async () => {
  const subject = {
    ...testSubject(),
    agent: { id: 'sub', actsFor: Array.from({ length: 32 }, (_, n) => `${n} ${'a'.repeat(1_000)}`) },
    proof: 'dpop' as const,
    task: {
      id: 'task-9' as TaskId,
      ancestors: Array.from({ length: 32 }, (_, n) => `above-${n}` as TaskId),
      purpose: 'p'.repeat(1_000),
      permissions: [{ actions: ['*'] }],
      budget: {},
      notAfter: Number.MAX_SAFE_INTEGER,
    },
  };
  const ports = testPorts({ identity: { identify: () => subject } });
  await enforce(ports)(testArrival(testCall('tools/call', { name: 'nothing' })), never);
  const [record] = ports.records as readonly DecisionRecord[];
  const { task, actsFor, proof } = record?.subject ?? {};
  assert.equal(proof, 'dpop');
  assert.equal(task?.id, 'task-9');
  assert.deepEqual(task?.ancestors?.slice(-2), ['above-15', '… 16 more']);
  assert.deepEqual([actsFor?.length, actsFor?.[16], actsFor?.[0]?.slice(0, 3)], [17, '… 16 more', '0 a']);
  assert.ok(JSON.stringify(record).length < 12_000);
});
