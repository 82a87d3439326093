import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../model/json.ts';
import { Refusal } from '../../model/refusal.ts';
import { testCall } from '../../testing/pipeline-ports.ts';
import type { RequestWish } from '../codec.ts';
import { documentOf } from '../json/read.ts';
import { codecs } from '../revisions.ts';
import { legacyUpstream } from './legacy-upstream.ts';
import { modernUpstream } from './modern-upstream.ts';

const modern = modernUpstream('2026-07-28');
const info = { name: 'bartizan', version: '1' };
const modernMeta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'c', version: '1' },
};
const wish = (change: Partial<RequestWish> = {}): RequestWish => ({
  id: 7,
  target: 't',
  capabilities: {},
  clientInfo: info,
  requestState: undefined,
  ...change,
});
const response = (members: JsonObject): ReturnType<typeof documentOf> =>
  documentOf({ jsonrpc: '2.0', id: 7, ...members });
const paramsOf = (document: { readonly value: JsonObject }): JsonObject =>
  document.value['params'] as JsonObject;

test('every revision has a codec of its own era', () => {
  assert.deepEqual(
    codecs.map(({ revision, era }) => `${revision} ${era}`),
    ['2026-07-28 modern', '2025-11-25 legacy', '2025-06-18 legacy', '2025-03-26 legacy', '2024-11-05 legacy'],
  );
});

test('modern: a request that says everything is the same document', () => {
  const call = testCall('tools/call', { name: 't', _meta: modernMeta });
  const capabilities = modernMeta['io.modelcontextprotocol/clientCapabilities'];
  assert.equal(modern.request(call, wish({ capabilities })), call.document);
});

test('modern: the call of an older client gets what the revision demands', () => {
  const client = {
    revision: '2025-06-18' as never,
    capabilities: { roots: {} },
    info: { name: 'old' },
    logLevel: 'info',
  };
  const call = testCall('tools/call', { name: 'x__t', arguments: {} }, { client });
  const sent = modern.request(call, wish({ capabilities: client.capabilities }));
  assert.deepEqual(paramsOf(sent), {
    name: 't',
    arguments: {},
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': { roots: {} },
      'io.modelcontextprotocol/clientInfo': { name: 'old' },
      'io.modelcontextprotocol/logLevel': 'info',
    },
  });
  assert.deepEqual(JSON.parse(Buffer.from(sent.bytes).toString()), sent.value);
});

test('modern: what the client answered to the gateway itself does not reach the upstream', () => {
  const own = { 'dev.bartizan/connect': { action: 'accept' } };
  const alone = testCall('tools/call', { name: 't', inputResponses: own, _meta: modernMeta });
  assert.deepEqual(paramsOf(modern.request(alone, wish())), { name: 't', _meta: modernMeta });
  const theirs = { q: { action: 'accept', content: {} } };
  const both = testCall('tools/call', {
    name: 't',
    inputResponses: { ...own, ...theirs },
    _meta: modernMeta,
  });
  assert.deepEqual(paramsOf(modern.request(both, wish()))['inputResponses'], theirs);
});

test('modern: a completion names the upstream prompt inside its reference', () => {
  const call = testCall('completion/complete', {
    ref: { type: 'ref/prompt', name: 'x__t' },
    _meta: modernMeta,
  });
  assert.deepEqual(paramsOf(modern.request(call, wish()))['ref'], { type: 'ref/prompt', name: 't' });
});

test('modern: a reply without a type is complete, and nothing else in it changes', () => {
  const reply = modern.reply(response({ result: { content: [] } }), { method: 'tools/call' });
  assert.ok(!(reply instanceof Refusal));
  assert.deepEqual(reply.document.value['result'], { resultType: 'complete', content: [] });
});

test('legacy: what only 2026-07-28 knows is left out, and the progress token is the link’s own', () => {
  const call = testCall('tools/call', {
    name: 't',
    inputResponses: {},
    requestState: 's',
    task: { ttl: 1 },
    _meta: { ...modernMeta, progressToken: 'mine', traceparent: '00-1', 'dev.bartizan/x': 1 },
  });
  const sent = legacyUpstream.request(call, wish({ id: 3, progressToken: 3 }));
  assert.equal(sent.value['id'], 3);
  assert.deepEqual(paramsOf(sent), { name: 't', _meta: { traceparent: '00-1', progressToken: 3 } });
});

test('legacy: `_meta` goes when nothing is left in it', () => {
  const call = testCall('tools/call', { name: 't', _meta: modernMeta });
  assert.deepEqual(paramsOf(legacyUpstream.request(call, wish())), { name: 't' });
});

test('legacy: results get a type, and a type of another era is refused', () => {
  const reply = legacyUpstream.reply(response({ result: { content: [] } }), { method: 'tools/call' });
  assert.ok(!(reply instanceof Refusal));
  assert.equal((reply.document.value['result'] as JsonObject)['resultType'], 'complete');
  const odd = legacyUpstream.reply(response({ result: { resultType: 'task' } }), { method: 'tools/call' });
  assert.ok(odd instanceof Refusal);
});

for (const [code, inner] of [
  [-32002, -32602],
  [-32601, -32601],
  [-32042, -32603],
  [-32050, -32603],
  [5, 5],
] as const) {
  test(`legacy: error ${code} becomes ${inner}`, () => {
    const reply = legacyUpstream.reply(response({ error: { code, message: 'm' } }), { method: 'tools/call' });
    assert.ok(!(reply instanceof Refusal));
    assert.deepEqual(reply.document.value['error'], { code: inner, message: 'm' });
  });
}

test('an error without code or message is refused', () => {
  for (const error of [{}, { code: 1 }, { code: 1.5, message: 'm' }, { code: '1', message: 'm' }]) {
    assert.ok(modern.reply(response({ error }), { method: 'tools/call' }) instanceof Refusal);
  }
});
