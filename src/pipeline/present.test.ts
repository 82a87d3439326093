import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, Reply } from '../model/call.ts';
import type { JsonObject } from '../model/json.ts';
import { testArrival, testCall, testReply, testServer, testSubject } from '../testing/pipeline-ports.ts';
import type { Charged } from './charge-result.ts';
import { present } from './present.ts';

const never = new AbortController().signal;
const instant = 1_800_000_000_000;

function stateOf(call: Call, cleared: Reply, expiresAt = Number.MAX_SAFE_INTEGER): Charged {
  const primitive = { server: testServer, kind: 'resource', name: 'file:///a' } as const;
  const state: Partial<Charged> = {
    arrival: testArrival(call),
    call,
    cleared,
    charged: true,
    instant,
    subject: testSubject({ expiresAt }),
    route: { kind: 'relay', primitive, requestState: undefined },
  };
  return state as Charged;
}

async function presented(call: Call, reply: Reply, expiresAt?: number): Promise<Reply> {
  const added = await present().run(stateOf(call, reply, expiresAt), never);
  assert.ok('presented' in added);
  return added.presented;
}

async function shown(call: Call, result: JsonObject, expiresAt?: number): Promise<JsonObject> {
  const reply = await presented(call, testReply(call, result), expiresAt);
  return reply.document.value['result'] as JsonObject;
}

const toolCall = testCall('tools/call', { name: 'read', arguments: {} });
const read = testCall('resources/read', { uri: 'file:///a' });
const onAggregate = { endpoint: { kind: 'aggregate' } } as const;

test('an answer that needs no change keeps its bytes', async () => {
  const reply = testReply(toolCall, { content: [{ type: 'text', text: 'a' }], extra: 1 });
  assert.equal(await presented(toolCall, reply), reply);
  const cached = testReply(read, { contents: [], ttlMs: 5, cacheScope: 'private' });
  assert.equal(await presented(read, cached), cached);
});

test('an answer without a resource keeps its bytes on the aggregate endpoint too', async () => {
  const call = testCall('tools/call', { name: 'files__read' }, onAggregate);
  const reply = testReply(call, { content: [{ type: 'text', text: 'a', content: { text: 'b' } }, 'odd'] });
  assert.equal(await presented(call, reply), reply);
});

test('an error answer keeps its bytes', async () => {
  const reply: Reply = {
    kind: 'error',
    document: {
      value: { jsonrpc: '2.0', id: 7, error: { code: -32603, message: 'x' } },
      bytes: new Uint8Array(),
    },
  };
  assert.equal(await presented(read, reply), reply);
});

test('what was decided for one principal is never public', async () => {
  assert.deepEqual(await shown(read, { contents: [], ttlMs: 5, cacheScope: 'public' }), {
    contents: [],
    ttlMs: 5,
    cacheScope: 'private',
  });
});

for (const ttlMs of [undefined, -1, Number.NaN, '60000', null]) {
  test(`a time to live of ${JSON.stringify(ttlMs)} becomes none`, async () => {
    const result = ttlMs === undefined ? { contents: [] } : { contents: [], ttlMs };
    assert.equal((await shown(read, result as JsonObject))['ttlMs'], 0);
  });
}

test('an answer is not fresh for longer than the token of its caller', async () => {
  const result = { contents: [], ttlMs: 60_000, cacheScope: 'private' };
  assert.equal((await shown(read, result, instant + 10_000))['ttlMs'], 10_000);
  assert.equal((await shown(read, result, instant - 1))['ttlMs'], 0);
});

test('an answer that asks for input, or of a method without caching, gets no cache hints', async () => {
  const asking = { resultType: 'input_required', inputRequests: {} };
  assert.deepEqual(await shown(read, asking), asking);
  assert.deepEqual(await shown(toolCall, { content: [] }), { content: [] });
});

test("an upstream's members under the gateway's own prefix are removed, others stay", async () => {
  const result = { content: [], _meta: { 'dev.bartizan/decision': 'x', 'dev.bartizan/': 1, 'org.x/y': 2 } };
  assert.deepEqual(await shown(toolCall, result), { content: [], _meta: { 'org.x/y': 2 } });
});

test('on the aggregate endpoint every URI in a result is one that can be read there', async () => {
  const call = { ...toolCall, ...onAggregate };
  const link = { type: 'resource_link', uri: 'file:///a', name: 'a' };
  const embedded = { type: 'resource', resource: { uri: 'file:///b', text: '' } };
  assert.deepEqual((await shown(call, { content: [link, embedded, 'odd'] }))['content'], [
    { ...link, uri: 'files+file:///a' },
    { type: 'resource', resource: { uri: 'files+file:///b', text: '' } },
    'odd',
  ]);
  const contents = [{ uri: 'file:///a', text: '' }];
  assert.deepEqual((await shown({ ...read, ...onAggregate }, { contents }))['contents'], [
    { uri: 'files+file:///a', text: '' },
  ]);
  const messages = [{ role: 'user', content: embedded }];
  const prompt = { ...testCall('prompts/get', { name: 'p' }), ...onAggregate };
  assert.deepEqual((await shown(prompt, { messages }))['messages'], [
    { role: 'user', content: { type: 'resource', resource: { uri: 'files+file:///b', text: '' } } },
  ]);
});

test("on a virtual server URIs are the upstream's own", async () => {
  const content = [{ type: 'resource_link', uri: 'file:///a', name: 'a' }];
  assert.deepEqual((await shown(toolCall, { content }))['content'], content);
});
