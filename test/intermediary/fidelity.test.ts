import assert from 'node:assert/strict';
import { after } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { benchGateway } from './bench/gateway.ts';
import { metaOf, modernClient } from './bench/modern-client.ts';
import { modernUpstream, tool } from './bench/modern-upstream.ts';
import type { Script } from './bench/scripted-upstream.ts';
import { verifies } from './verifies.ts';

/** What the upstream does with the next call. */
let onCall: Script = () => undefined;
const upstream = await modernUpstream(
  { after },
  {
    tools: [tool('read')],
    resources: [{ uri: 'file:///a', name: 'a' }],
    prompts: [{ name: 'ask' }],
    capabilities: { tools: { listChanged: true }, resources: {}, prompts: {}, completions: {} },
    on: {
      'tools/call': (received, answer) => onCall(received, answer),
      'resources/read': (received, answer) => onCall(received, answer),
      'prompts/get': (received, answer) => onCall(received, answer),
    },
  },
);
const gateway = await benchGateway({ after }, { servers: { files: upstream.url } });
const client = await modernClient(gateway, { path: '/mcp/files' });
const aggregate = await modernClient(gateway);

const meta = JSON.stringify(metaOf());

const requests: Readonly<Record<string, string>> = {
  'unknown members at every level': `{"jsonrpc":"2.0","id":1,"method":"tools/call","future":{"a":[]},"params":{"name":"read","arguments":{},"_meta":${meta},"later":null}}`,
  'numbers that no double holds': `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","arguments":{"id":9007199254740993,"pi":3.14159265358979323846264338327950288,"tiny":1e-400,"huge":1E+400,"zero":-0,"one":1.0},"_meta":${meta}}}`,
  'escapes that could be written otherwise': `{"jsonrpc":"2.0","id":1,"method":"tools\\/call","params":{"name":"\\u0072ead","arguments":{"a\\u0062":"\\u00e9\\ud83d\\ude00\\/\\t"},"_meta":${meta}}}`,
  'a lone surrogate in an escape': `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","arguments":{"a":"\\ud800"},"_meta":${meta}}}`,
  'another order of members': `{"params":{"_meta":${meta},"arguments":{"z":1,"a":2,"10":3,"9":4},"name":"read"},"method":"tools/call","id":1,"jsonrpc":"2.0"}`,
  'white space everywhere': `\n\t{ "jsonrpc" : "2.0" ,\r\n "id" : 1, "method":"tools/call" , "params": { "name" : "read","arguments" : { } , "_meta":${meta}} } \n`,
  'text beyond ASCII': `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","arguments":{"ключ":"日本語 😀"},"_meta":${meta}}}`,
  'an id that is text': `{"jsonrpc":"2.0","id":"a/b \\u00e9","method":"tools/call","params":{"name":"read","arguments":{},"_meta":${meta}}}`,
  'members of the language': `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","arguments":{"__proto__":{"x":1},"constructor":2,"toString":3},"_meta":${meta}}}`,
};

for (const [what, body] of Object.entries(requests)) {
  verifies('T12', `a request with ${what} reaches the upstream byte for byte`, async () => {
    onCall = (_, answer) => answer.result({ resultType: 'complete', content: [] });
    const answer = await client.bytes(body, 'tools/call', 'read');
    assert.equal(answer.status, 200, answer.text);
    assert.equal(upstream.calls('tools/call').at(-1)?.text, body);
  });
}

const results: Readonly<Record<string, string>> = {
  'unknown members':
    '{"jsonrpc":"2.0","id":1,"future":1,"result":{"resultType":"complete","content":[{"type":"hologram","depth":[1]}],"later":{"x":null},"_meta":{"org.example/x":1}}}',
  'numbers that no double holds':
    '{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[],"structuredContent":{"id":9007199254740993,"pi":3.14159265358979323846264338,"huge":1e999}}}',
  'escapes, order and white space':
    '{ "result" : {"content":[ {"text":"\\u0041\\/","type":"text"} ],\t"resultType":"complete"},"id":1,"jsonrpc":"2.0" }',
  'an error of its own':
    '{"jsonrpc":"2.0","id":1,"error":{"code":42,"message":"b\\u0065cause","data":{"n":9007199254740993}}}',
  'structured content that is no object':
    '{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[],"structuredContent":[1,"a",null]}}',
};

for (const [what, reply] of Object.entries(results)) {
  verifies('T12', `a reply with ${what} reaches the client byte for byte`, async () => {
    onCall = (_, answer) => answer.bytes(reply);
    const body = requests['an id that is text'] ?? '';
    const answer = await client.bytes(body.replace('"a/b \\u00e9"', '1'), 'tools/call', 'read');
    assert.equal(answer.text, reply);
  });
}

verifies('T12', 'a reply of a megabyte reaches the client byte for byte', async () => {
  const text = 'é😀x'.repeat(150_000);
  const reply = `{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[{"type":"text","text":"${text}"}]}}`;
  onCall = (_, answer) => answer.bytes(reply);
  const answer = await client.send('tools/call', { name: 'read', arguments: {} }, { id: 1 });
  assert.ok(answer.text === reply);
});

verifies('T12', 'a listed item goes out with every member its server gave it', async () => {
  const item = {
    ...tool('rich'),
    title: 'Rich',
    annotations: { readOnlyHint: true, futureHint: [1] },
    inputSchema: { type: 'object', $defs: { x: { const: 9 } }, 'x-own': null },
    outputSchema: { type: 'array' },
    _meta: { 'org.example/x': { a: 1 } },
    unheardOf: 'yes',
  };
  const own = await modernUpstream({ after }, { tools: [item] });
  const behind = await benchGateway({ after }, { servers: { rich: own.url } });
  const { message } = await (await modernClient(behind, { path: '/mcp/rich' })).send('tools/list');
  assert.deepEqual((message['result'] as JsonObject)['tools'], [item]);
  const joined = await (await modernClient(behind)).send('tools/list');
  assert.deepEqual((joined.message['result'] as JsonObject)['tools'], [{ ...item, name: 'rich__rich' }]);
});

for (const [what, body] of Object.entries(requests)) {
  verifies(
    ['T12', 'D5', 'D6'],
    `on the aggregate endpoint a request with ${what} changes in its name alone`,
    async () => {
      onCall = (_, answer) => answer.result({ resultType: 'complete', content: [] });
      const named = body.replace(/"name"\s*:\s*"(?:r|\\u0072)ead"/, '"name":"files__read"');
      const answer = await aggregate.bytes(named, 'tools/call', 'files__read');
      assert.equal(answer.status, 200, answer.text);
      const received = upstream.calls('tools/call').at(-1);
      assert.equal(received?.text, named.replace('files__read', 'read'));
      assert.equal(received?.headers['mcp-name'], 'read');
    },
  );
}

verifies(
  'T12',
  'on the aggregate endpoint a resource URI comes back under the name it can be read by',
  async () => {
    onCall = (_, answer) =>
      answer.bytes(
        '{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","contents":[{"uri":"file:///a","text":"x","n":9007199254740993}],"ttlMs":0,"cacheScope":"private"}}',
      );
    const { text } = await aggregate.send('resources/read', { uri: 'files+file:///a' }, { id: 1 });
    assert.equal(
      text,
      '{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","contents":[{"uri":"files+file:///a","text":"x","n":9007199254740993}],"ttlMs":0,"cacheScope":"private"}}',
    );
    assert.equal(upstream.calls('resources/read').at(-1)?.headers['mcp-name'], 'file:///a');
  },
);

const progress = (n: number, token = 'p'): JsonObject => ({
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { progressToken: token, progress: n, message: `step ${n}` },
});

/** Calls with a progress token and reads the stream piece by piece. */
function openCall(more: JsonObject = {}): ReturnType<typeof client.open> {
  return client.open(
    'tools/call',
    { name: 'read', arguments: {} },
    { meta: { progressToken: 'p', ...more } },
  );
}

verifies('T14', 'each event reaches the client before the upstream sends the next', async () => {
  const seen = Promise.withResolvers<void>();
  onCall = async ({ message }, answer) => {
    const stream = answer.stream();
    stream.send(progress(1));
    await seen.promise;
    stream.send(progress(2));
    stream.send({
      jsonrpc: '2.0',
      id: message['id'] ?? null,
      result: { resultType: 'complete', content: [] },
    });
    stream.end();
  };
  const stream = await openCall();
  assert.equal(stream.response.headers['content-type'], 'text/event-stream');
  assert.equal(stream.response.headers['x-accel-buffering'], 'no');
  assert.deepEqual(await stream.next(), progress(1));
  seen.resolve();
  assert.deepEqual(await stream.next(), progress(2));
  assert.ok((await stream.next())?.['result']);
  assert.equal(await stream.next(), undefined);
});

verifies('T14', 'fifty notifications keep their order and all come before the answer', async () => {
  onCall = ({ message }, answer) => {
    const stream = answer.stream();
    for (let n = 1; n <= 50; n++) stream.send(progress(n));
    stream.send({
      jsonrpc: '2.0',
      id: message['id'] ?? null,
      result: { resultType: 'complete', content: [] },
    });
    stream.end();
  };
  const { messages } = await client.send(
    'tools/call',
    { name: 'read', arguments: {} },
    { meta: { progressToken: 'p' } },
  );
  const steps = messages.slice(0, -1).map(({ params }) => (params as JsonObject)['progress']);
  assert.deepEqual(
    steps,
    Array.from({ length: 50 }, (_, n) => n + 1),
  );
  assert.ok(messages.at(-1)?.['result']);
});

for (const [how, cut] of Object.entries<(text: string) => readonly string[]>({
  'one byte at a time': (text) => [...Buffer.from(text, 'utf8').toString('latin1')],
  'in one piece': (text) => [Buffer.from(text, 'utf8').toString('latin1')],
  'in pieces of seven bytes': (text) =>
    Buffer.from(text, 'utf8')
      .toString('latin1')
      .match(/[\s\S]{1,7}/g) ?? [],
})) {
  verifies(
    'T14',
    `an event stream that comes ${how} is read alike, with every line end and comment`,
    async () => {
      onCall = async ({ message }, answer) => {
        const id = JSON.stringify(message['id']);
        const text =
          `: a comment\r\n\r\nid: 1\ndata: ${JSON.stringify(progress(1))}\n\n` +
          `event: message\rdata: {"jsonrpc":"2.0","method":"notifications/progress",\rdata: "params":{"progressToken":"p","progress":2,"message":"é😀"}}\r\r` +
          `event: other\ndata: {"ignored":true}\n\nretry: 5\n\ndata\n\n` +
          `data:{"jsonrpc":"2.0","id":${id},"result":{"resultType":"complete","content":[]}}\r\n\r\n`;
        const stream = answer.stream({ 'Content-Type': 'text/event-stream; charset=utf-8' });
        for (const piece of cut(text)) await stream.raw(Buffer.from(piece, 'latin1'));
        stream.end();
      };
      const { messages } = await client.send(
        'tools/call',
        { name: 'read', arguments: {} },
        { meta: { progressToken: 'p' } },
      );
      assert.deepEqual(
        messages.map(
          ({ params, result }) => (params as JsonObject | undefined)?.['progress'] ?? typeof result,
        ),
        [1, 2, 'object'],
      );
    },
  );
}

verifies('T14', 'what does not belong to the call does not reach its stream', async () => {
  onCall = ({ message }, answer) => {
    const stream = answer.stream();
    stream.send(progress(1, 'of-another-call'));
    stream.send({
      jsonrpc: '2.0',
      method: 'notifications/message',
      params: { level: 'error', data: 'LEAK' },
    });
    stream.send({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
    stream.send({ jsonrpc: '2.0', method: 'notifications/unheard_of', params: { data: 'LEAK' } });
    stream.send({ jsonrpc: '2.0', id: 99, result: { resultType: 'complete', content: ['LEAK'] } });
    stream.send({
      jsonrpc: '2.0',
      id: message['id'] ?? null,
      result: { resultType: 'complete', content: [] },
    });
    stream.end();
  };
  const { messages, text } = await client.send(
    'tools/call',
    { name: 'read', arguments: {} },
    { meta: { progressToken: 'p' } },
  );
  assert.doesNotMatch(text, /LEAK|of-another-call|list_changed/);
  assert.equal(messages.length, 1);
});

verifies(['T14', 'X4'], 'a request of the server to a modern client does not pass', async () => {
  onCall = ({ message }, answer) => {
    const stream = answer.stream();
    stream.send({ jsonrpc: '2.0', id: 7, method: 'sampling/createMessage', params: { messages: ['LEAK'] } });
    stream.send({
      jsonrpc: '2.0',
      id: message['id'] ?? null,
      result: { resultType: 'complete', content: [] },
    });
    stream.end();
  };
  const { text } = await client.send('tools/call', { name: 'read', arguments: {} });
  assert.doesNotMatch(text, /sampling|LEAK/);
});

verifies('T14', 'log messages pass at the level the call asked for, and from there on', async () => {
  onCall = ({ message }, answer) => {
    const stream = answer.stream();
    for (const level of ['debug', 'info', 'warning', 'emergency'])
      stream.send({ jsonrpc: '2.0', method: 'notifications/message', params: { level, data: level } });
    stream.send({
      jsonrpc: '2.0',
      id: message['id'] ?? null,
      result: { resultType: 'complete', content: [] },
    });
    stream.end();
  };
  const stream = await openCall({ 'io.modelcontextprotocol/logLevel': 'warning' });
  const levels: unknown[] = [];
  for (let message = await stream.next(); message !== undefined; message = await stream.next())
    levels.push((message['params'] as JsonObject | undefined)?.['level']);
  assert.deepEqual(levels, ['warning', 'emergency', undefined]);
});

verifies(
  'T14',
  'a stream that ends without an answer is an error for the client, not a silence',
  async () => {
    onCall = (_, answer) => {
      const stream = answer.stream();
      stream.send(progress(1));
      stream.end();
    };
    const { message } = await client.send(
      'tools/call',
      { name: 'read', arguments: {} },
      { meta: { progressToken: 'p' } },
    );
    assert.equal((message['result'] as JsonObject)['isError'], true);
  },
);

verifies('G2', 'the trace of the caller reaches the upstream and the record', async () => {
  onCall = (_, answer) => answer.result({ resultType: 'complete', content: [] });
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await client.send('tools/call', { name: 'read', arguments: {} }, { meta: { traceparent } });
  const sent = upstream.calls('tools/call').at(-1);
  const params = sent?.message['params'] as JsonObject;
  assert.match(
    String((params['_meta'] as JsonObject)['traceparent']),
    /^00-0af7651916cd43dd8448eb211c80319c-/,
  );
  const decision = (await gateway.records()).findLast(({ kind }) => kind === 'decision');
  assert.equal(decision?.['traceId'], '0af7651916cd43dd8448eb211c80319c');
});

verifies('D1', "`server/discover` is the gateway's own answer", async () => {
  const { message } = await client.send('server/discover');
  const result = message['result'] as JsonObject;
  assert.deepEqual(result['supportedVersions'], [
    '2026-07-28',
    '2025-11-25',
    '2025-06-18',
    '2025-03-26',
    '2024-11-05',
  ]);
  assert.deepEqual(result['capabilities'], {
    tools: { listChanged: true },
    resources: {},
    prompts: {},
    completions: {},
  });
  assert.equal(
    ((result['_meta'] as JsonObject)['io.modelcontextprotocol/serverInfo'] as JsonObject)['name'],
    'bartizan',
  );
});

verifies(['D1', 'X4'], 'capabilities that the gateway does not police are not offered', async () => {
  const own = await modernUpstream(
    { after },
    {
      capabilities: {
        tools: {},
        tasks: {},
        experimental: { x: {} },
        extensions: { 'io.modelcontextprotocol/ui': {} },
      },
    },
  );
  const behind = await benchGateway({ after }, { servers: { odd: own.url } });
  const { message } = await (await modernClient(behind)).send('server/discover');
  assert.deepEqual((message['result'] as JsonObject)['capabilities'], { tools: {} });
});

verifies('X4', 'extensions that a client declares are not declared upstream', async () => {
  onCall = (_, answer) => answer.result({ resultType: 'complete', content: [] });
  const capabilities = {
    elicitation: {},
    extensions: { 'io.modelcontextprotocol/tasks': {} },
    experimental: {},
  };
  const eager = await modernClient(gateway, { path: '/mcp/files', capabilities });
  await eager.send('tools/call', { name: 'read', arguments: {} });
  const params = upstream.calls('tools/call').at(-1)?.message['params'] as JsonObject;
  assert.deepEqual((params['_meta'] as JsonObject)['io.modelcontextprotocol/clientCapabilities'], {
    elicitation: {},
  });
});
