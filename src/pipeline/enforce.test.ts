import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../model/json.ts';
import type { DecisionRecord } from '../model/record.ts';
import { refuse } from '../model/refusal.ts';
import type { ServerId } from '../model/server-id.ts';
import {
  denyAll,
  testArrival,
  testCall,
  testPorts,
  testReply,
  testServer,
  testSubject,
  written,
} from '../testing/pipeline-ports.ts';
import { enforce } from './enforce.ts';
import type { Outcome, Ports, RelayOrder } from './ports.ts';

const never = new AbortController().signal;
const read = testCall('tools/call', { name: 'read', arguments: { path: 'a.txt' } });

/** Runs one call and keeps what reached the upstream. */
async function run(
  change: Partial<Ports>,
  call = read,
): Promise<{ outcome: Outcome; relayed: RelayOrder[]; records: JsonObject[] }> {
  const relayed: RelayOrder[] = [];
  const ports = testPorts(change);
  const upstreams: Ports['upstreams'] = {
    ...ports.upstreams,
    relay: (order, signal) => {
      relayed.push(order);
      return ports.upstreams.relay(order, signal);
    },
  };
  const outcome = await enforce({ ...ports, upstreams })(testArrival(call), never);
  return { outcome, relayed, records: ports.records as unknown as JsonObject[] };
}

function codeOf(outcome: Outcome): string {
  return outcome.kind === 'refused' ? outcome.refusal.code : 'released';
}

test('a permitted call reaches the upstream and its answer is released', async () => {
  const { outcome, relayed, records } = await run({});
  assert.equal(outcome.kind, 'released');
  assert.equal(relayed.length, 1);
  assert.deepEqual(
    records.map(({ kind, decision, outcome: end }) => [kind, decision ?? end]),
    [
      ['decision', 'permit'],
      ['outcome', 'released'],
    ],
  );
});

test('an unidentified caller reaches neither the parser nor the upstream', async () => {
  const arrival = testArrival(read, { decode: () => assert.fail('the message was parsed') });
  const ports = testPorts({ identity: { identify: () => refuse('token_missing', 'none') } });
  assert.equal(codeOf(await enforce(ports)(arrival, never)), 'token_missing');
  assert.equal((ports.records[0] as DecisionRecord).denial, 'token_missing');
});

test('a denied call is recorded with its action and never forwarded', async () => {
  const { outcome, relayed, records } = await run({ policy: denyAll });
  assert.equal(codeOf(outcome), 'policy_denied');
  assert.equal(relayed.length, 0);
  assert.equal(records[0]?.['action'], 'files:read');
  assert.equal(records[0]?.['decision'], 'deny');
});

test('a hidden tool and an unknown tool get the same refusal', async () => {
  const hidden = await run({ policy: { ...denyAll, couldPermit: () => false } });
  const unknown = await run({}, testCall('tools/call', { name: 'no-such-tool' }));
  assert.equal(codeOf(hidden.outcome), 'primitive_unknown');
  assert.equal(codeOf(unknown.outcome), 'primitive_unknown');
  assert.equal(hidden.relayed.length + unknown.relayed.length, 0);
});

test('a tool whose description hides something does not exist', async () => {
  const finding = {
    code: 'hidden-text.tag',
    action: 'block',
    at: '/description',
    message: 'hidden text',
  } as const;
  const guard = { ...testPorts().guard, description: () => [finding] };
  assert.equal(codeOf((await run({ guard })).outcome), 'primitive_unknown');
});

test('what a guard blocks does not leave', async () => {
  const finding = {
    code: 'secret.test',
    action: 'block',
    at: '/arguments/path',
    message: 'a secret',
  } as const;
  const { outcome, relayed } = await run({ guard: { ...testPorts().guard, call: () => [finding] } });
  assert.equal(codeOf(outcome), 'guard_blocked');
  assert.equal(relayed.length, 0);
});

test('a result that a guard blocks is withheld, and the outcome says so', async () => {
  const finding = {
    code: 'hidden-text.tag',
    action: 'block',
    at: '/result',
    message: 'hidden text',
  } as const;
  const guard = { ...testPorts().guard, message: () => ({ findings: [finding] }) };
  const { outcome, records } = await run({ guard });
  assert.equal(codeOf(outcome), 'result_blocked');
  assert.deepEqual([records[1]?.['kind'], records[1]?.['denial']], ['outcome', 'result_blocked']);
});

test('nothing is released before its decision is on disk', async () => {
  const disk = Promise.withResolvers<void>();
  let released = false;
  const running = run({ journal: { append: () => disk.promise } }).then(() => {
    released = true;
  });
  await new Promise(setImmediate);
  assert.equal(released, false);
  disk.resolve();
  await running;
  assert.equal(released, true);
});

test('a decision that cannot be recorded releases nothing', async () => {
  const journal = { append: () => Promise.reject(new Error('disk full')) };
  assert.equal(codeOf((await run({ journal })).outcome), 'record_failed');
  assert.equal(codeOf((await run({ journal, policy: denyAll })).outcome), 'record_failed');
});

for (const [name, change] of Object.entries<Partial<Ports>>({
  identity: { identity: { identify: () => assert.fail('broken') } },
  policy: { policy: { decide: () => assert.fail('broken'), couldPermit: () => true } },
  visibility: { policy: { ...denyAll, couldPermit: () => assert.fail('broken') } },
  guard: { guard: { ...testPorts().guard, call: () => assert.fail('broken') } },
  broker: { broker: { credential: () => assert.fail('broken') } },
  upstream: { upstreams: { ...testPorts().upstreams, relay: () => Promise.reject(new Error('broken')) } },
})) {
  test(`a fault in the ${name} refuses the call and is recorded`, async () => {
    const { outcome, records } = await run(change);
    assert.equal(codeOf(outcome), 'internal_fault');
    assert.match(String(records.at(-1)?.['detail']), /broken/);
  });
}

test('a request state is sealed for its principal and request', async () => {
  const asking: Ports['upstreams'] = {
    ...testPorts().upstreams,
    relay: async ({ call }) =>
      testReply(call, { resultType: 'input_required', requestState: 'upstream-state' }),
  };
  const first = await run({ upstreams: asking });
  assert.equal(first.outcome.kind, 'released');
  const result = first.outcome.reply.document.value['result'] as JsonObject;
  const requestState = result['requestState'] as string;

  const retry = testCall('tools/call', { ...read.params, requestState });
  assert.equal((await run({}, retry)).relayed[0]?.requestState, 'upstream-state');
  const otherArguments = testCall('tools/call', { name: 'read', arguments: { path: 'b.txt' }, requestState });
  assert.equal(codeOf((await run({}, otherArguments)).outcome), 'state_invalid');
  const eve = testSubject({
    principal: '["idp","eve","agent"]' as ReturnType<typeof testSubject>['principal'],
  });
  assert.equal(codeOf((await run({ identity: { identify: () => eve } }, retry)).outcome), 'state_invalid');
});

test('an upstream may ask only for what the client declared', async () => {
  const asking: Ports['upstreams'] = {
    ...testPorts().upstreams,
    relay: async ({ call }) =>
      testReply(call, {
        resultType: 'input_required',
        inputRequests: { a: { method: 'sampling/createMessage' } },
      }),
  };
  const { outcome } = await run({ upstreams: asking });
  assert.equal(codeOf(outcome), 'missing_client_capability');
  assert.deepEqual(outcome.kind === 'refused' && outcome.refusal.data, {
    requiredCapabilities: { sampling: {} },
  });
  const client = { ...read.client, capabilities: { sampling: {} } };
  assert.equal(codeOf((await run({ upstreams: asking }, { ...read, client })).outcome), 'released');
});

test('an upstream cannot speak in the name of the gateway', async () => {
  const upstreams: Ports['upstreams'] = {
    ...testPorts().upstreams,
    relay: async ({ call }) =>
      testReply(call, { content: [], _meta: { 'dev.bartizan/decision': 'x', own: 1 } }),
  };
  const { outcome } = await run({ upstreams });
  const result = outcome.kind === 'released' && outcome.reply.document.value['result'];
  assert.deepEqual(result && (result as JsonObject)['_meta'], { own: 1 });
});

test('a list shows what could be permitted, and cache hints keep it private', async () => {
  const policy: Ports['policy'] = { ...denyAll, couldPermit: ({ action }) => action.id === 'files:read' };
  const { outcome } = await run({ policy }, testCall('tools/list', {}));
  assert.equal(outcome.kind, 'released');
  assert.deepEqual(outcome.reply.document.value['result'], {
    resultType: 'complete',
    tools: [{ name: 'read' }],
    ttlMs: 0,
    cacheScope: 'private',
  });
});

test('a change stream acknowledges the allowed subset first and tags what it delivers', async () => {
  const upstreams: Ports['upstreams'] = {
    ...testPorts().upstreams,
    listen: async ({ notify, ready }) => {
      const early = notify(written({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' }));
      ready();
      await early;
    },
  };
  const call = testCall('subscriptions/listen', {
    notifications: { toolsListChanged: true, promptsListChanged: true, resourceSubscriptions: ['file:///a'] },
  });
  const arrival = testArrival(call);
  const outcome = await enforce(testPorts({ upstreams }))(arrival, never);
  const tag = { 'io.modelcontextprotocol/subscriptionId': 7 };
  assert.deepEqual(arrival.sent, [
    {
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: { toolsListChanged: true }, _meta: tag },
    },
    { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta: tag } },
  ]);
  assert.equal(outcome.kind, 'released');
});

test('messages of a running call pass only if the call asked for them', async () => {
  const upstreams: Ports['upstreams'] = {
    ...testPorts().upstreams,
    relay: async ({ call, notify }) => {
      for (const params of [
        { progressToken: 'mine', progress: 1 },
        { progressToken: 'other', progress: 1 },
      ]) {
        await notify(written({ jsonrpc: '2.0', method: 'notifications/progress', params }));
      }
      await notify(
        written({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'error', data: '' } }),
      );
      await notify(written({ jsonrpc: '2.0', method: 'sampling/createMessage', id: 1 }));
      return testReply(call, { content: [] });
    },
  };
  const arrival = testArrival({ ...read, client: { ...read.client, progressToken: 'mine' } });
  const ports = testPorts({ upstreams });
  await enforce(ports)(arrival, never);
  assert.deepEqual(
    arrival.sent.map(({ params }) => (params as JsonObject)['progressToken']),
    ['mine'],
  );
  assert.equal(ports.records.filter(({ kind }) => kind === 'event').length, 3);
});

test('discovery on the aggregate endpoint does not wait for a server that takes its time', async () => {
  const slow = 'slow' as ServerId;
  const base = testPorts();
  const catalog: Ports['catalog'] = {
    ...base.catalog,
    describe: (server) => (server === slow ? new Promise(() => undefined) : { capabilities: { tools: {} } }),
  };
  const front = { ...base.front, servers: () => [testServer, slow] };
  const call = testCall('server/discover', {}, { endpoint: { kind: 'aggregate' } });
  const { outcome } = await run({ catalog, front }, call);
  assert.equal(outcome.kind, 'released');
  const result = outcome.reply.document.value['result'] as JsonObject;
  assert.ok('resources' in (result['capabilities'] as JsonObject));
});

test('an upstream may ask for a URL to be opened only if the client declared that mode', async () => {
  const params = { mode: 'url', url: 'https://login.example', message: 'Sign in' };
  const upstreams: Ports['upstreams'] = {
    ...testPorts().upstreams,
    relay: async ({ call }) =>
      testReply(call, {
        resultType: 'input_required',
        inputRequests: { a: { method: 'elicitation/create', params } },
      }),
  };
  const asking = (elicitation: JsonObject): ReturnType<typeof run> =>
    run({ upstreams }, { ...read, client: { ...read.client, capabilities: { elicitation } } });
  const { outcome } = await asking({ form: {} });
  assert.equal(codeOf(outcome), 'missing_client_capability');
  assert.deepEqual(outcome.kind === 'refused' && outcome.refusal.data, {
    requiredCapabilities: { elicitation: { url: {} } },
  });
  assert.equal(codeOf((await asking({ url: {} })).outcome), 'released');
});

test('a message of a running call waits for the decision that allows it', async () => {
  const disk = Promise.withResolvers<void>();
  const upstreams: Ports['upstreams'] = {
    ...testPorts().upstreams,
    relay: async ({ call, notify }) => {
      const params = { progressToken: 'mine', progress: 1 };
      await notify(written({ jsonrpc: '2.0', method: 'notifications/progress', params }));
      return testReply(call, { content: [] });
    },
  };
  const arrival = testArrival({ ...read, client: { ...read.client, progressToken: 'mine' } });
  const ports = testPorts({ upstreams, journal: { append: () => disk.promise } });
  const running = enforce(ports)(arrival, never);
  await new Promise(setImmediate);
  assert.deepEqual(arrival.sent, []);
  disk.resolve();
  await running;
  assert.equal(arrival.sent.length, 1);
});

test('a change stream is acknowledged only after the decision that allows it', async () => {
  const disk = Promise.withResolvers<void>();
  const arrival = testArrival(
    testCall('subscriptions/listen', { notifications: { toolsListChanged: true } }),
  );
  const running = enforce(testPorts({ journal: { append: () => disk.promise } }))(arrival, never);
  await new Promise(setImmediate);
  assert.deepEqual(arrival.sent, []);
  disk.resolve();
  await running;
  assert.equal(arrival.sent.length, 1);
});
