import assert from 'node:assert/strict';
import { after } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { benchGateway } from './bench/gateway.ts';
import { type Answered, exchange } from './bench/http.ts';
import { metaOf, mirrored, modernClient, versionKey } from './bench/modern-client.ts';
import { modernUpstream, tool } from './bench/modern-upstream.ts';
import { verifies } from './verifies.ts';

const inputSchema = {
  type: 'object',
  properties: {
    region: { type: 'string', 'x-mcp-header': 'Region' },
    count: { type: 'integer', 'x-mcp-header': 'Count' },
    dry: { type: 'boolean', 'x-mcp-header': 'Dry-Run' },
    where: { type: 'object', properties: { zone: { type: 'string', 'x-mcp-header': 'Zone' } } },
    free: { type: 'string' },
  },
};
const badHeader = { type: 'object', properties: { a: { type: 'number', 'x-mcp-header': 'A' } } };

const upstream = await modernUpstream(
  { after },
  {
    tools: [
      tool('deploy', { inputSchema }),
      tool('ö tool'),
      tool('=?base64?eA==?='),
      tool('go'),
      tool('\uFFFD'),
      tool('bad', { inputSchema: badHeader }),
    ],
    resources: [{ uri: 'file:///ä', name: 'a' }],
    on: {
      'resources/read': (_, answer) =>
        answer.result({ resultType: 'complete', contents: [], ttlMs: 0, cacheScope: 'private' }),
    },
  },
);
const gateway = await benchGateway({ after }, { servers: { cloud: upstream.url } });
const client = await modernClient(gateway, { path: '/mcp/cloud' });

function codeOf({ message }: Answered): unknown {
  return (message['error'] as JsonObject | undefined)?.['code'];
}

/** Asserts a refusal that no upstream heard of. */
async function refused(sending: () => Promise<Answered>, status: number, code?: number): Promise<Answered> {
  const before = upstream.calls('tools/call').length;
  const answer = await sending();
  assert.deepEqual([answer.status, codeOf(answer)], [status, code], answer.text);
  assert.equal(upstream.calls('tools/call').length, before, 'the upstream heard of it');
  return answer;
}

const deploy = { name: 'deploy', arguments: {} };

for (const method of ['GET', 'DELETE', 'PUT', 'PATCH', 'HEAD']) {
  verifies('T1', `${method} on the endpoint gets 405 and the method that is allowed`, async () => {
    const headers = { authorization: `Bearer ${client.token}`, accept: 'text/event-stream' };
    const answer = await exchange(gateway.port, { method, path: '/mcp/cloud', headers });
    assert.equal(answer.status, 405);
    assert.equal(answer.headers.allow, 'POST');
  });
}

verifies('T1', 'a path beside the endpoints gets 404', async () => {
  for (const path of ['/', '/mcp/', '/mcp/none', '/mcp/cloud/', '/MCP', '/mcp/cloud/x', '//mcp'])
    assert.equal((await client.send('tools/list', {}, { path })).status, 404, path);
});

for (const origin of [
  'http://evil.example',
  'null',
  'http://127.0.0.1.evil.example',
  'https://localhost',
  '',
]) {
  verifies('T2', `a request from the web origin \`${origin}\` gets 403`, () =>
    refused(() => client.send('tools/call', deploy, { headers: { origin } }), 403, -32600).then(
      () => undefined,
    ),
  );
}

for (const host of [
  'evil.example',
  '169.254.169.254',
  'localhost.evil.example:80',
  '127.0.0.1@evil.example',
]) {
  verifies('T2', `a request for the host \`${host}\` gets 403`, () =>
    refused(() => client.send('tools/call', deploy, { headers: { host } }), 403, -32600).then(
      () => undefined,
    ),
  );
}

verifies(
  'T2',
  "the gateway's own origin and host are allowed, and other pages may not read the answer",
  async () => {
    const own = await client.send('tools/call', deploy, { headers: { origin: gateway.url } });
    assert.equal(own.status, 200);
    assert.equal(own.headers['access-control-allow-origin'], gateway.url);
    const plain = await client.send('tools/call', deploy);
    assert.equal(plain.headers['access-control-allow-origin'], undefined);
  },
);

const wrongHeaders: Readonly<
  Record<string, Readonly<Record<string, string | readonly string[] | undefined>>>
> = {
  'another Mcp-Method': { 'mcp-method': 'tools/list' },
  'an Mcp-Method in another case': { 'mcp-method': 'Tools/Call' },
  'no Mcp-Method': { 'mcp-method': undefined },
  'an empty Mcp-Method': { 'mcp-method': '' },
  'two Mcp-Method headers': { 'mcp-method': ['tools/call', 'tools/call'] },
  'another Mcp-Name': { 'mcp-name': 'destroy' },
  'an Mcp-Name in another case': { 'mcp-name': 'Deploy' },
  'no Mcp-Name': { 'mcp-name': undefined },
  'an empty Mcp-Name': { 'mcp-name': '' },
  'two Mcp-Name headers': { 'mcp-name': ['deploy', 'deploy'] },
  'two different Mcp-Name headers': { 'mcp-name': ['deploy', 'destroy'] },
  'an Mcp-Name that joins two': { 'mcp-name': 'deploy, deploy' },
  'two MCP-Protocol-Version headers': { 'mcp-protocol-version': ['2026-07-28', '2026-07-28'] },
};

for (const [what, headers] of Object.entries(wrongHeaders)) {
  verifies('T3', `a call with ${what} gets 400 and -32020`, () =>
    refused(() => client.send('tools/call', deploy, { headers }), 400, -32020).then(() => undefined),
  );
}

verifies('T3', 'header names are case-insensitive, and blanks around values do not count', async () => {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { ...deploy, _meta: metaOf() },
  });
  const headers = {
    ...mirrored('tools/call'),
    'MCP-NAME': '  deploy\t',
    authorization: `Bearer ${client.token}`,
  };
  assert.equal((await exchange(gateway.port, { path: '/mcp/cloud', headers, body })).status, 200);
});

verifies('T3', 'the header disagrees with the version in the body: 400 and -32020', async () => {
  const meta = { [versionKey]: '2025-11-25' };
  await refused(() => client.send('tools/call', deploy, { meta }), 400, -32020);
});

const base64 = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`;

for (const [what, name, header] of [
  ['a plain name', 'deploy', 'deploy'],
  ['a plain name in the base64 form', 'deploy', base64('deploy')],
  ['a name beyond ASCII', 'ö tool', base64('ö tool')],
  ['a name that looks encoded', '=?base64?eA==?=', base64('=?base64?eA==?=')],
] as const) {
  verifies('T4', `${what} agrees with the body`, async () => {
    const answer = await client.send(
      'tools/call',
      { name, arguments: {} },
      { headers: { 'mcp-name': header } },
    );
    assert.equal(answer.status, 200, answer.text);
  });
}

const encoded = Buffer.from('deploy').toString('base64');
for (const [what, header] of [
  ['without padding', '=?base64?ZGVwbG95IQ?='],
  ['with a character outside base64', '=?base64?ZGVw*G95?='],
  ['in the URL alphabet', `=?base64?${Buffer.from('deploy>?').toString('base64url')}?=`],
  ['with a blank inside', '=?base64?ZGVw bG95?='],
  ['with too much padding', `=?base64?${encoded}====?=`],
  ['of bytes that are no UTF-8', `=?base64?${Buffer.from([0xff, 0xfe]).toString('base64')}?=`],
  ['with a byte order mark', base64('\uFEFFdeploy')],
  ['with non-zero spare bits', '=?base64?ZGVwbG9yZR==?='],
] as const) {
  verifies('T4', `a value ${what} is refused`, () =>
    refused(() => client.send('tools/call', deploy, { headers: { 'mcp-name': header } }), 400, -32020).then(
      () => undefined,
    ),
  );
}

for (const [what, name, header] of [
  ['with spare bits', 'go', '=?base64?Z29=?='],
  ['of bytes that a lax decoder replaces', '\uFFFD', `=?base64?${Buffer.from([0xff]).toString('base64')}?=`],
] as const) {
  verifies('T4', `a value ${what} is refused even where a lax decoder would find the name`, async () => {
    const order = { name, arguments: {} };
    await refused(() => client.send('tools/call', order, { headers: { 'mcp-name': header } }), 400, -32020);
    const exact = { headers: { 'mcp-name': base64(name) } };
    assert.equal((await client.send('tools/call', order, exact)).status, 200);
  });
}

for (const header of [
  `=?BASE64?${encoded}?=`,
  `=?Base64?${encoded}?=`,
  `=?utf-8?b?${encoded}?=`,
  `base64:${encoded}`,
  `=?base64?${encoded}`,
  `=?base64?${encoded}=`,
  `x=?base64?${encoded}?=`,
  encoded,
  'depl%6Fy',
]) {
  verifies('T4', `\`${header}\` stands for itself, so it is not the name \`deploy\``, () =>
    refused(() => client.send('tools/call', deploy, { headers: { 'mcp-name': header } }), 400, -32020).then(
      () => undefined,
    ),
  );
}

const agreeing: readonly (readonly [string, JsonObject, Readonly<Record<string, string>>])[] = [
  ['a string', { region: 'eu' }, { 'mcp-param-region': 'eu' }],
  ['a string in the base64 form', { region: 'eu' }, { 'mcp-param-region': base64('eu') }],
  ['a string beyond ASCII', { region: 'Köln' }, { 'mcp-param-region': base64('Köln') }],
  ['a string with blanks at its ends', { region: ' eu ' }, { 'mcp-param-region': base64(' eu ') }],
  ['a string with a line end', { region: 'a\r\nb' }, { 'mcp-param-region': base64('a\r\nb') }],
  ['an integer', { count: 42 }, { 'mcp-param-count': '42' }],
  ['an integer in another notation', { count: 42 }, { 'mcp-param-count': '42.0' }],
  ['a negative integer', { count: -1 }, { 'mcp-param-count': '-1' }],
  ['a boolean', { dry: false }, { 'mcp-param-dry-run': 'false' }],
  ['null without a header', { region: null }, {}],
  ['nothing without a header', {}, {}],
  ['a nested argument', { where: { zone: 'b' } }, { 'mcp-param-zone': 'b' }],
  ['an argument that is not mirrored', { free: 'x' }, {}],
];

for (const [what, args, headers] of agreeing) {
  verifies('T5', `${what} agrees`, async () => {
    const answer = await client.send('tools/call', { name: 'deploy', arguments: args }, { headers });
    assert.equal(answer.status, 200, answer.text);
  });
}

const disagreeing: readonly (readonly [
  string,
  JsonObject,
  Readonly<Record<string, string | readonly string[]>>,
])[] = [
  ['another string', { region: 'eu' }, { 'mcp-param-region': 'us' }],
  ['a string in another case', { region: 'eu' }, { 'mcp-param-region': 'EU' }],
  ['a string without its header', { region: 'eu' }, {}],
  ['an empty string without its header', { region: '' }, {}],
  ['a header without its argument', {}, { 'mcp-param-region': 'eu' }],
  ['a header for null', { region: null }, { 'mcp-param-region': 'null' }],
  ['another integer', { count: 42 }, { 'mcp-param-count': '43' }],
  ['an integer as text', { count: 42 }, { 'mcp-param-count': 'forty-two' }],
  ['an integer in hexadecimal', { count: 42 }, { 'mcp-param-count': '0x2a' }],
  ['a boolean in another case', { dry: true }, { 'mcp-param-dry-run': 'True' }],
  ['a boolean as a number', { dry: true }, { 'mcp-param-dry-run': '1' }],
  ['a nested argument at the top', { zone: 'b' }, { 'mcp-param-zone': 'b' }],
  ['an invalid base64 form', { region: 'eu' }, { 'mcp-param-region': '=?base64?ZXU?=' }],
  ['two headers', { region: 'eu' }, { 'mcp-param-region': ['eu', 'eu'] }],
];

for (const [what, args, headers] of disagreeing) {
  verifies('T5', `${what} is refused`, () =>
    refused(
      () => client.send('tools/call', { name: 'deploy', arguments: args }, { headers }),
      400,
      -32020,
    ).then(() => undefined),
  );
}

verifies('T5', 'a mirrored header that no schema knows travels on and decides nothing', async () => {
  const headers = { 'mcp-param-unheard-of': 'x y', 'mcp-param-other': base64('ö') };
  const answer = await client.send('tools/call', deploy, { headers });
  assert.equal(answer.status, 200);
  const received = upstream.calls('tools/call').at(-1);
  assert.equal(received?.headers['mcp-param-unheard-of'], 'x y');
  assert.equal(received?.headers['mcp-param-other'], base64('ö'));
});

verifies('D4', 'a tool with an invalid header annotation is neither listed nor callable', async () => {
  const { message } = await client.send('tools/list');
  const names = ((message['result'] as JsonObject)['tools'] as readonly JsonObject[]).map(({ name }) => name);
  assert.deepEqual(names, ['deploy', 'ö tool', '=?base64?eA==?=', 'go', '\uFFFD']);
  await refused(() => client.send('tools/call', { name: 'bad', arguments: {} }), 200, -32602);
});

verifies('D5', 'the upstream gets headers made from what it is sent, not those of the client', async () => {
  const aggregate = await modernClient(gateway);
  const args = { region: 'Köln', count: 42, dry: true, where: { zone: 'b' } };
  const headers = {
    'mcp-param-region': base64('Köln'),
    'mcp-param-count': '42.0',
    'mcp-param-dry-run': base64('true'),
    'mcp-param-zone': 'b',
    'mcp-name': base64('cloud__deploy'),
  };
  const answer = await aggregate.send('tools/call', { name: 'cloud__deploy', arguments: args }, { headers });
  assert.equal(answer.status, 200, answer.text);
  const received = upstream.calls('tools/call').at(-1);
  const sent = Object.entries(received?.headers ?? {}).filter(([name]) => name.startsWith('mcp-'));
  assert.deepEqual(Object.fromEntries(sent), {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'deploy',
    'mcp-param-region': base64('Köln'),
    'mcp-param-count': '42',
    'mcp-param-dry-run': 'true',
    'mcp-param-zone': 'b',
  });
});

verifies('D5', 'a resource beyond ASCII is named to the upstream in the base64 form', async () => {
  const headers = { 'mcp-name': base64('file:///ä') };
  const answer = await client.send('resources/read', { uri: 'file:///ä' }, { headers });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(upstream.calls('resources/read').at(-1)?.headers['mcp-name'], base64('file:///ä'));
});

verifies('T6', 'the body decides: headers that name an innocent tool do not help', () =>
  refused(
    () => client.send('tools/call', { name: 'ö tool', arguments: {} }, { headers: { 'mcp-name': 'deploy' } }),
    400,
    -32020,
  ).then(() => undefined),
);

for (const [what, version] of [
  ['without a version', undefined],
  ['of an older version', '2025-11-25'],
] as const) {
  verifies('T6', `a call ${what} whose headers disagree with its body is refused`, () =>
    refused(
      () =>
        client.send('tools/call', deploy, {
          headers: { 'mcp-protocol-version': version, 'mcp-name': 'innocent' },
        }),
      400,
      -32020,
    ).then(() => undefined),
  );
}

verifies('T6', 'oversized headers are refused before anything reads them', async () => {
  const headers = { 'mcp-param-x': 'x'.repeat(70_000) };
  await refused(() => client.send('tools/call', deploy, { headers }), 431);
});

for (const version of ['2099-01-01', '2026-07-29', '2026-07-28 ', 'DRAFT', '1.0']) {
  verifies('T7', `version \`${version}\` gets 400, -32022 and the supported ones`, async () => {
    const answer = await client.send(
      'server/discover',
      {},
      {
        headers: { 'mcp-protocol-version': version.trim() },
        meta: { [versionKey]: version.trim() },
      },
    );
    if (version.trim() === '2026-07-28') return assert.equal(answer.status, 200);
    assert.deepEqual([answer.status, codeOf(answer)], [400, -32022], answer.text);
    const data = (answer.message['error'] as JsonObject)['data'] as JsonObject;
    assert.deepEqual(data['supported'], [
      '2026-07-28',
      '2025-11-25',
      '2025-06-18',
      '2025-03-26',
      '2024-11-05',
    ]);
    assert.equal(data['requested'], version);
  });
}

for (const method of [
  'tools/destroy',
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'constructor',
  'tasks/get',
  'ext/anything',
]) {
  verifies(['T8', 'X4'], `\`${method}\` gets 404 and -32601`, async () => {
    const before = upstream.requests.length;
    const answer = await client.send(method, { name: 'deploy', taskId: 't' });
    assert.deepEqual([answer.status, codeOf(answer)], [404, -32601], answer.text);
    assert.equal(answer.message['id'] !== undefined, true);
    assert.equal(upstream.requests.length, before);
  });
}

for (const [what, meta] of [
  ['no `_meta`', undefined],
  ['no version in `_meta`', { 'io.modelcontextprotocol/clientCapabilities': {} }],
  ['no capabilities in `_meta`', { [versionKey]: '2026-07-28' }],
  [
    'capabilities that are no object',
    { [versionKey]: '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': [] },
  ],
  ['a `_meta` that is no object', 'x'],
] as const) {
  verifies('T9', `a request with ${what} gets 400 and -32602`, () => {
    const params = { ...deploy, ...(meta !== undefined && { _meta: meta }) };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
    return refused(() => client.bytes(body, 'tools/call', 'deploy'), 400, -32602).then(() => undefined);
  });
}

for (const type of [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'application/json-seq',
  'application/jsonp',
  undefined,
  '',
]) {
  verifies('T13', `the content type \`${type}\` gets 415`, () =>
    refused(() => client.send('tools/call', deploy, { headers: { 'content-type': type } }), 415, -32600).then(
      () => undefined,
    ),
  );
}

for (const accept of ['application/json', 'text/event-stream', 'text/html', undefined]) {
  verifies('T13', `a client that accepts \`${accept}\` alone gets 406`, () =>
    refused(() => client.send('tools/call', deploy, { headers: { accept } }), 406, -32600).then(
      () => undefined,
    ),
  );
}

verifies('T13', 'a charset does not hurt, and upstreams are asked for both answer types', async () => {
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  assert.equal((await client.send('tools/call', deploy, { headers })).status, 200);
  for (const { headers: sent } of upstream.requests) {
    assert.equal(sent['content-type'], 'application/json');
    assert.match(sent.accept ?? '', /application\/json/);
    assert.match(sent.accept ?? '', /text\/event-stream/);
  }
});
