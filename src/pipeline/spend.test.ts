import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuse } from '../model/refusal.ts';
import { testArrival, testCall, testPorts, testReply } from '../testing/pipeline-ports.ts';
import { enforce } from './enforce.ts';
import type { Outcome, Ports, Tasks } from './ports.ts';
import type { Spending } from './store-ports.ts';

const never = new AbortController().signal;
const call = testCall('tools/call', { name: 'read', arguments: { path: 'a.txt' } });
const list = testCall('tools/list', {});

function codeOf(outcome: Outcome): string {
  return outcome.kind === 'refused' ? outcome.refusal.code : 'released';
}

function counting(spent: Spending[]): Tasks {
  return {
    begin: (_subject, amount) => {
      spent.push(amount);
      return { ended: new AbortController().signal };
    },
    charge: () => undefined,
  };
}

test('a call costs one call and the bytes of its message; a list costs nothing', async () => {
  const spent: Spending[] = [];
  const run = enforce(testPorts({ tasks: counting(spent) }));
  await run(testArrival(call), never);
  await run(testArrival(list), never);
  assert.deepEqual(spent, [
    { calls: 1, bytes: call.document.bytes.byteLength },
    { calls: 0, bytes: 0 },
  ]);
});

test('what was denied, unknown or blocked costs nothing', async () => {
  const spent: Spending[] = [];
  const tasks = counting(spent);
  const deny: Ports['policy'] = {
    decide: () => ({ effect: 'deny', policies: [], errors: [] }),
    couldPermit: () => true,
  };
  const finding = { code: 'secret.test', action: 'block', at: '/arguments', message: 'a secret' } as const;
  await enforce(testPorts({ tasks, policy: deny }))(testArrival(call), never);
  await enforce(testPorts({ tasks }))(testArrival(testCall('tools/call', { name: 'none' })), never);
  await enforce(testPorts({ tasks, guard: { ...testPorts().guard, call: () => [finding] } }))(
    testArrival(call),
    never,
  );
  assert.deepEqual(spent, []);
});

for (const code of ['task_ended', 'budget_exhausted', 'overloaded'] as const) {
  test(`a call whose task answers ${code} is refused before the upstream and its credential hear of it`, async () => {
    const ports = testPorts({
      tasks: { begin: () => refuse(code, 'test'), charge: () => undefined },
      broker: { credential: () => assert.fail('a credential was sought') },
    });
    const upstreams = { ...ports.upstreams, relay: () => assert.fail('the upstream was called') };
    const outcome = await enforce({ ...ports, upstreams })(testArrival(call), never);
    assert.equal(codeOf(outcome), code);
    assert.equal((ports.records[0] as { readonly denial?: string }).denial, code);
  });
}

test('a task that ends while its call runs cancels the upstream, and the refusal says why', async () => {
  const ending = new AbortController();
  const ports = testPorts({ tasks: { begin: () => ({ ended: ending.signal }), charge: () => undefined } });
  const relay: Ports['upstreams']['relay'] = (_order, signal) =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve(refuse('cancelled', 'aborted'))));
  const running = enforce({ ...ports, upstreams: { ...ports.upstreams, relay } })(testArrival(call), never);
  setImmediate(() => ending.abort());
  assert.equal(codeOf(await running), 'task_ended');
});

test('an answer that came just before the end is charged and released', async () => {
  const ending = new AbortController();
  const charged: number[] = [];
  const tasks: Tasks = {
    begin: () => ({ ended: ending.signal }),
    charge: (_subject, bytes) => void charged.push(bytes),
  };
  const ports = testPorts({ tasks });
  const relay: Ports['upstreams']['relay'] = async (order) => {
    ending.abort();
    return testReply(order.call, { resultType: 'complete', content: [] });
  };
  const outcome = await enforce({ ...ports, upstreams: { ...ports.upstreams, relay } })(
    testArrival(call),
    never,
  );
  assert.equal(codeOf(outcome), 'released');
  assert.equal(charged.length, 1);
});
