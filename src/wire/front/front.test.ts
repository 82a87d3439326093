import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, Reply, Revision } from '../../model/call.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Method } from '../../model/method.ts';
import { documentOf, isFault, readDocument } from '../json/read.ts';
import { front as rev20241105 } from '../rev2024-11-05/front.ts';
import { front as rev20250326 } from '../rev2025-03-26/front.ts';
import { front as rev20250618 } from '../rev2025-06-18/front.ts';
import { front as rev20251125 } from '../rev2025-11-25/front.ts';
import { front as rev20260728 } from '../rev2026-07-28/front.ts';

const legacy = {
  '2024-11-05': rev20241105,
  '2025-03-26': rev20250326,
  '2025-06-18': rev20250618,
  '2025-11-25': rev20251125,
};

function callOf(method: Method): Call {
  const document = documentOf({ jsonrpc: '2.0', id: 1, method, params: {} });
  return {
    id: 1,
    method,
    endpoint: { kind: 'aggregate' },
    target: undefined,
    params: {},
    document,
    client: { revision: '2025-11-25' as Revision, capabilities: {} },
    trace: { traceId: '0'.repeat(32) },
    mirrors: new Map(),
  };
}

function replyOf(result: JsonObject, id: string | number = 1): Reply {
  return { kind: 'complete', document: documentOf({ jsonrpc: '2.0', id, result }) };
}

const errorOf = (code: number): Reply => ({
  kind: 'error',
  document: documentOf({ jsonrpc: '2.0', id: 1, error: { code, message: 'no' } }),
});

const reserved = { 'io.modelcontextprotocol/serverInfo': { name: 's' } };

test('gives a modern client the very bytes of the reply', () => {
  const reply = replyOf({ resultType: 'complete', content: [] });
  assert.equal(rev20260728.reply(reply, callOf('tools/call')), reply.document);
});

test('changes nothing but the id for a modern client', () => {
  const read = readDocument(
    Buffer.from('{ "result": {"n": 9007199254740993}, "id":"up-7", "jsonrpc":"2.0" }'),
  );
  assert.ok(!isFault(read));
  const { bytes } = rev20260728.reply({ kind: 'complete', document: read }, callOf('tools/call'));
  assert.equal(
    Buffer.from(bytes).toString(),
    '{ "result": {"n": 9007199254740993}, "id":1, "jsonrpc":"2.0" }',
  );
});

for (const [revision, front] of Object.entries(legacy)) {
  test(`takes from a result what ${revision} does not know, and keeps the rest`, () => {
    const result = {
      resultType: 'complete',
      ttlMs: 5,
      cacheScope: 'private',
      x: 1,
      _meta: { ...reserved, own: 2 },
    };
    const { value } = front.reply(replyOf(result), callOf('resources/read'));
    assert.deepEqual(value['result'], { x: 1, _meta: { own: 2 } });
  });

  test(`tells a client of ${revision} about a missing resource and new errors in its own codes`, () => {
    const codes = [-32602, -32020, -32021, -32022, -32601, 1001].map((code) => {
      const { value } = front.reply(errorOf(code), callOf('resources/read'));
      return (value['error'] as JsonObject)['code'];
    });
    assert.deepEqual(codes, [-32002, -32600, -32600, -32600, -32601, 1001]);
    const { value } = front.reply(errorOf(-32602), callOf('tools/call'));
    assert.deepEqual(value['error'], { code: -32602, message: 'no' });
  });

  test(`passes a client of ${revision} notifications it knows, without members of the newer revision`, () => {
    const meta = { 'io.modelcontextprotocol/subscriptionId': 1 };
    const changed = { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta: meta } };
    assert.deepEqual(front.notification(documentOf(changed))?.value, { ...changed, params: {} });
    for (const method of [
      'notifications/subscriptions/acknowledged',
      'notifications/tasks',
      'sampling/createMessage',
    ]) {
      assert.equal(front.notification(documentOf({ jsonrpc: '2.0', method })), undefined, method);
    }
  });

  test(`knows in ${revision} the methods of sessions and not those of 2026-07-28`, () => {
    for (const method of ['initialize', 'ping', 'logging/setLevel', 'resources/subscribe']) {
      assert.ok(front.methods.has(method), method);
      assert.ok(!rev20260728.methods.has(method), method);
    }
    for (const method of ['server/discover', 'subscriptions/listen'])
      assert.ok(!front.methods.has(method), method);
  });
}

const richTool = {
  name: 't',
  title: 'T',
  icons: [],
  execution: {},
  annotations: {},
  inputSchema: { type: 'object' },
  outputSchema: { type: 'object' },
};

const toolMembers: readonly (readonly [keyof typeof legacy, readonly string[]])[] = [
  ['2024-11-05', ['name', 'inputSchema']],
  ['2025-03-26', ['name', 'annotations', 'inputSchema']],
  ['2025-06-18', ['name', 'title', 'annotations', 'inputSchema', 'outputSchema']],
  ['2025-11-25', ['name', 'title', 'icons', 'annotations', 'inputSchema', 'outputSchema']],
];

for (const [revision, members] of toolMembers) {
  test(`lists a tool with the members that ${revision} has`, () => {
    const { value } = legacy[revision].reply(replyOf({ tools: [richTool] }), callOf('tools/list'));
    const [tool] = (value['result'] as { tools: JsonObject[] }).tools;
    assert.deepEqual(Object.keys(tool!), members);
  });
}

test('keeps structured content only where the revision has it, and only objects', () => {
  const has = (front: typeof rev20250618, structuredContent: JsonObject | readonly string[]): boolean => {
    const { value } = front.reply(replyOf({ content: [], structuredContent }), callOf('tools/call'));
    return 'structuredContent' in (value['result'] as JsonObject);
  };
  assert.ok(has(rev20251125, { a: 1 }));
  assert.ok(has(rev20250618, { a: 1 }));
  assert.ok(!has(rev20250618, ['a']));
  assert.ok(!has(rev20250326, { a: 1 }));
});

test('says in words what content an older revision cannot carry', () => {
  const content = [
    { type: 'text', text: 'a' },
    { type: 'resource_link', name: 'report', uri: 'file:///r' },
    { type: 'audio', mimeType: 'audio/wav', data: '' },
  ];
  const contentFor = (front: typeof rev20250618): unknown =>
    (front.reply(replyOf({ content }), callOf('tools/call')).value['result'] as JsonObject)['content'];
  const link = { type: 'text', text: '[resource_link report file:///r]' };
  assert.deepEqual(contentFor(rev20250618), content);
  assert.deepEqual(contentFor(rev20250326), [content[0], link, content[2]]);
  assert.deepEqual(contentFor(rev20241105), [content[0], link, { type: 'text', text: '[audio audio/wav]' }]);
});
