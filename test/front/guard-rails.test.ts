import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listeningFront } from './listening-front.ts';
import { modernBody, modernHeaders } from './modern-message.ts';
import { type Headers, open, post, raw, requestBytes } from './raw-client.ts';

const list = modernBody('tools/list');
const headers = modernHeaders('tools/list');
const ok = (): { readonly tools: [] } => ({ tools: [] });

type Change = Record<string, string | readonly string[] | undefined>;
const origins: readonly (readonly [name: string, change: (port: number) => Change, status: number])[] = [
  ['no origin', () => ({}), 200],
  ['an allowed origin', () => ({ origin: 'https://app.example' }), 200],
  ['its own loopback origin', (port) => ({ origin: `http://localhost:${port}` }), 200],
  ['another loopback port', (port) => ({ origin: `http://localhost:${port + 1}` }), 403],
  ['a foreign origin', () => ({ origin: 'https://evil.example' }), 403],
  ['an allowed origin with a longer name', () => ({ origin: 'https://app.example.evil' }), 403],
  ['the null origin', () => ({ origin: 'null' }), 403],
  ['an empty origin', () => ({ origin: '' }), 403],
  ['two origins', () => ({ origin: ['https://app.example', 'https://evil.example'] }), 403],
  ['localhost', (port) => ({ host: `localhost:${port}` }), 200],
  ['localhost in capitals', () => ({ host: 'LOCALHOST' }), 200],
  ['the IPv6 loopback', (port) => ({ host: `[::1]:${port}` }), 200],
  ['a configured host', () => ({ host: 'gateway.internal:80' }), 200],
  ['a foreign host', () => ({ host: 'evil.example' }), 403],
  ['a host that begins like ours', () => ({ host: '127.0.0.1.evil.example' }), 403],
  ['an empty host', () => ({ host: '' }), 403],
  ['two hosts', (port) => ({ host: [`127.0.0.1:${port}`, 'evil.example'] }), 400],
];

for (const [name, change, status] of origins) {
  test(`answers ${status} to ${name}`, async (t) => {
    const front = await listeningFront(t, ok, {
      allowedOrigins: ['https://app.example'],
      allowedHosts: ['Gateway.internal'],
    });
    const answer = await post(front.port, list, { ...headers, ...change(front.port) });
    assert.equal(answer.status, status, answer.body);
    assert.equal(front.calls.length, status === 200 ? 1 : 0);
    const reads = answer.headers.get('access-control-allow-origin');
    assert.equal(reads, status === 200 ? (change(front.port)['origin'] as string | undefined) : undefined);
  });
}

test('answers a preflight of an allowed page and of no other', async (t) => {
  const front = await listeningFront(t, ok, { allowedOrigins: ['https://app.example'] });
  const ask = (origin: string | undefined): Promise<number> =>
    raw(
      front.port,
      requestBytes('OPTIONS /mcp', [
        ['Host', 'localhost'],
        ['Access-Control-Request-Headers', 'authorization, mcp-method'],
        ...(origin === undefined ? [] : ([['Origin', origin]] as const)),
      ]),
    ).then(({ status }) => status);
  assert.deepEqual(
    [await ask('https://app.example'), await ask('https://evil.example'), await ask(undefined)],
    [204, 403, 403],
  );
});

const paths: readonly (readonly [path: string, status: number])[] = [
  ['/mcp', 200],
  ['/mcp/files', 200],
  ['/mcp?x=1', 200],
  ['/mcp/', 404],
  ['/mcp/unknown', 404],
  ['/mcp/files/', 404],
  ['/mcp/files/x', 404],
  ['/mcp/..%2ffiles', 404],
  ['/MCP', 404],
  ['//mcp', 404],
  ['/mcpx', 404],
  ['/', 404],
];

for (const [path, status] of paths) {
  test(`answers ${status} at ${path}`, async (t) => {
    const front = await listeningFront(t, ok);
    const answer = await post(front.port, list, headers, path);
    assert.equal(answer.status, status);
    if (status === 404) assert.equal(JSON.parse(answer.body).error.data.denial, 'endpoint_unknown');
  });
}

test('tells virtual servers apart, each with its own resource', async (t) => {
  const resources: string[] = [];
  const front = await listeningFront(
    t,
    ({ endpoint }, { arrival }) => {
      resources.push(`${endpoint.kind} ${arrival.credentials.resource} ${arrival.credentials.metadataUrl}`);
      return {};
    },
    { publicUrl: 'https://mcp.company.example/' },
  );
  await post(front.port, list, headers);
  await post(front.port, list, headers, '/mcp/files');
  const base = 'https://mcp.company.example';
  assert.deepEqual(resources, [
    `aggregate ${base}/mcp ${base}/.well-known/oauth-protected-resource/mcp`,
    `server ${base}/mcp/files ${base}/.well-known/oauth-protected-resource/mcp/files`,
  ]);
});

test('serves the resource metadata at the root and at every endpoint', async (t) => {
  const front = await listeningFront(t, ok);
  const get = async (path: string): Promise<readonly [number, unknown]> => {
    const { status, body } = await raw(front.port, requestBytes(`GET ${path}`, [['Host', 'localhost']]));
    return [status, JSON.parse(body).resource];
  };
  const wellKnown = '/.well-known/oauth-protected-resource';
  assert.deepEqual(await get(wellKnown), [200, `${front.url}/mcp`]);
  assert.deepEqual(await get(`${wellKnown}/mcp`), [200, `${front.url}/mcp`]);
  assert.deepEqual(await get(`${wellKnown}/mcp/files`), [200, `${front.url}/mcp/files`]);
  assert.deepEqual(await get(`${wellKnown}/mcp/none`), [404, undefined]);
  assert.deepEqual(await get(`${wellKnown}/other`), [404, undefined]);
  assert.deepEqual(await get('/healthz'), [200, undefined]);
});

for (const method of ['GET', 'DELETE', 'PUT', 'PATCH']) {
  test(`answers ${method} without a session with 405 and the method to use`, async (t) => {
    const front = await listeningFront(t, ok);
    const answer = await raw(
      front.port,
      requestBytes(`${method} /mcp`, [
        ['Host', 'localhost'],
        ['Accept', 'text/event-stream'],
      ]),
    );
    assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'POST']);
  });
}

const media: readonly (readonly [name: string, change: Change, status: number])[] = [
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
  ['plain text', { 'content-type': 'text/plain' }, 415],
  ['no content type', { 'content-type': undefined }, 415],
  ['a type that begins like JSON', { 'content-type': 'application/json-patch+json' }, 415],
  ['a client that reads JSON alone', { accept: 'application/json' }, 406],
  ['a client that reads streams alone', { accept: 'text/event-stream' }, 406],
  ['a client that says nothing of types', { accept: undefined }, 406],
];

for (const [name, change, status] of media) {
  test(`answers ${status} to ${name}`, async (t) => {
    const front = await listeningFront(t, ok);
    assert.equal((await post(front.port, list, { ...headers, ...change })).status, status);
    assert.equal(front.calls.length, 0);
  });
}

const call = modernBody('tools/call', { name: 'safe', arguments: {} });
const callHeaders = modernHeaders('tools/call', 'safe');
const smuggled = (from: string, to: string): Buffer => Buffer.from(call.replace(from, to));

const smuggling: readonly (readonly [name: string, body: Buffer | string])[] = [
  ['a name given twice', smuggled('"name":"safe"', '"name":"safe","name":"danger"')],
  ['a name given twice, once escaped', smuggled('"name":"safe"', '"name":"safe","n\\u0061me":"danger"')],
  ['a method given twice', smuggled('"method"', '"method":"tools/list","method"')],
  ['params given twice', smuggled('"params"', '"params":{},"params"')],
  ['a duplicate deep in the arguments', smuggled('"arguments":{}', '"arguments":{"a":{"b":1,"b":2}}')],
  ['Name beside name', smuggled('"name":"safe"', '"name":"safe","Name":"danger"')],
  ['METHOD beside method', smuggled('"method"', '"METHOD":"tools/list","method"')],
  ['a member name with U+0000', smuggled('"name":"safe"', '"name":"safe","name\\u0000":"danger"')],
  ['a member name of wide letters', smuggled('"name":"safe"', '"name":"safe","ｎame":"danger"')],
  ['a byte-order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(call)])],
  ['UTF-16', Buffer.from(call, 'utf16le')],
  ['invalid UTF-8', Buffer.concat([Buffer.from(call.slice(0, -1)), Buffer.from([0xff]), Buffer.from('}')])],
  [
    'an overlong UTF-8 form',
    Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
  ],
  ['a second message behind the first', `${call}${call}`],
  ['a comment', `/* */${call}`],
  ['NaN', smuggled('"arguments":{}', '"arguments":{"n":NaN}')],
  ['a trailing comma', smuggled('"arguments":{}', '"arguments":{},')],
  [
    'nesting beyond the limit',
    smuggled('"arguments":{}', `"arguments":{"a":${'['.repeat(100)}${']'.repeat(100)}}`),
  ],
  ['an empty body', ''],
  ['a fraction as id', smuggled('"id":1', '"id":1.5')],
  ['null as id', smuggled('"id":1', '"id":null')],
  ['an id that a double cannot hold', smuggled('"id":1', '"id":9007199254740993')],
  ['another protocol', smuggled('"2.0"', '"1.0"')],
  ['a request that is also a response', smuggled('"method"', '"result":{},"method"')],
  ['params as an array', JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: [] })],
];

for (const [name, body] of smuggling) {
  test(`refuses ${name} with 400 before anything is called`, async (t) => {
    const front = await listeningFront(t, ok);
    const answer = await post(front.port, body, callHeaders);
    assert.equal(answer.status, 400, answer.body);
    assert.ok([-32700, -32600].includes(JSON.parse(answer.body).error.code), answer.body);
    assert.equal(front.calls.length, 0);
  });
}

const doubled: readonly (readonly [name: string, values: readonly string[], code: number])[] = [
  ['mcp-name', ['safe', 'danger'], -32020],
  ['mcp-name', ['safe', 'safe'], -32020],
  ['mcp-method', ['tools/call', 'tools/list'], -32020],
  ['mcp-protocol-version', ['2026-07-28', '2025-03-26'], -32020],
  ['mcp-param-region', ['eu', 'us'], -32020],
  ['authorization', ['Bearer ann', 'Bearer bob'], -32600],
  ['content-type', ['application/json', 'text/plain'], -32600],
];

for (const [name, values, code] of doubled) {
  test(`refuses two \`${name}\` headers (${values.join(', ')})`, async (t) => {
    const front = await listeningFront(t, ok);
    const answer = await post(front.port, call, { ...callHeaders, [name]: values });
    assert.deepEqual([answer.status, JSON.parse(answer.body).error.code], [400, code]);
    assert.equal(front.calls.length, 0);
  });
}

const framing: readonly (readonly [name: string, headers: Headers, body: string])[] = [
  [
    'both length and chunks',
    [
      ['Content-Length', '5'],
      ['Transfer-Encoding', 'chunked'],
    ],
    '0\r\n\r\nGET /x HTTP/1.1\r\n\r\n',
  ],
  [
    'two lengths',
    [
      ['Content-Length', '5'],
      ['Content-Length', '6'],
    ],
    'hello',
  ],
  ['chunked behind another coding', [['Transfer-Encoding', 'chunked, identity']], '0\r\n\r\n'],
  ['a length with a sign', [['Content-Length', '+5']], 'hello'],
  ['a header name with a blank', [['Content-Length ', '5']], 'hello'],
];

for (const [name, framingHeaders, body] of framing) {
  test(`refuses ${name} and closes the connection`, async (t) => {
    const front = await listeningFront(t, ok);
    const head = Object.entries(callHeaders).concat([
      ['Host', 'localhost'],
      ['Content-Type', 'application/json'],
    ]);
    const answer = await raw(
      front.port,
      requestBytes('POST /mcp', [...head, ...framingHeaders] as Headers, body),
    );
    assert.equal(answer.status, 400);
    assert.equal(front.calls.length, 0);
  });
}

test('refuses a body that declares more than the limit, and one that sends more', async (t) => {
  const front = await listeningFront(t, ok, { limits: { bodyBytes: 1000 } });
  const large = ' '.repeat(1001);
  const declared = await post(front.port, large, headers);
  assert.equal(declared.status, 413);
  assert.equal(JSON.parse(declared.body).error.data.denial, 'body_too_large');
  const chunks = `3e9\r\n${large}\r\n0\r\n\r\n`;
  const sent = await post(front.port, chunks, {
    ...headers,
    'content-length': undefined,
    'transfer-encoding': 'chunked',
  });
  assert.equal(sent.status, 413);
  assert.equal((await post(front.port, list.padEnd(1000), headers)).status, 200);
});

test('refuses headers beyond the limit', async (t) => {
  const front = await listeningFront(t, ok, { limits: { headerBytes: 2048 } });
  assert.equal((await post(front.port, list, { ...headers, 'x-long': 'x'.repeat(4000) })).status, 431);
});

test('cuts off a body that does not arrive in time', async (t) => {
  const front = await listeningFront(t, ok, { limits: { bodySeconds: 0.2 } });
  const socket = await open(front.port);
  const started = Date.now();
  socket.write(
    requestBytes(
      'POST /mcp',
      [
        ['Host', 'localhost'],
        ['Content-Type', 'application/json'],
        ['Accept', '*/*'],
        ['Content-Length', '9'],
      ],
      '{',
    ),
  );
  for await (const _ of socket);
  assert.ok(Date.now() - started < 4000);
  assert.equal(front.calls.length, 0);
});

test('reads no more than a little of what an unknown sender sends', async (t) => {
  const front = await listeningFront(t, ok);
  for (const change of [
    { 'content-length': '3000000' },
    { 'content-length': undefined, 'transfer-encoding': 'chunked' },
  ]) {
    // Only the head is sent: an answer shows that nobody waits for the body.
    const bad = await post(front.port, '', { ...headers, ...change, authorization: 'Bearer bad' });
    assert.equal(bad.status, 401, JSON.stringify(change));
    assert.equal(bad.headers.get('connection'), 'close');
  }
  assert.ok(front.outcomes.every(({ kind }) => kind === 'refused'));
  assert.equal(front.outcomes.length, 2);
  const large = modernBody('tools/list', { padding: 'x'.repeat(100_000) });
  assert.equal((await post(front.port, large, headers)).status, 200);
});
