import assert from 'node:assert/strict';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Headers, raw, requestBytes } from '../front/raw-client.ts';
import { benchGateway } from './bench/gateway.ts';
import { exchange } from './bench/http.ts';
import { metaOf, mirrored, modernClient } from './bench/modern-client.ts';
import { modernUpstream, tool } from './bench/modern-upstream.ts';
import { verifies } from './verifies.ts';

/** What the upstream answers to the next call: exact bytes. */
let reply = '';
const upstream = await modernUpstream(
  { after },
  {
    tools: [tool('read'), tool('destroy')],
    on: { 'tools/call': (_, answer) => answer.bytes(reply) },
  },
);
const bodyBytes = 100_000;
const gateway = await benchGateway({ after }, { servers: { files: upstream.url }, limits: { bodyBytes } });
const client = await modernClient(gateway, { path: '/mcp/files' });
await client.send('tools/list');

const meta = JSON.stringify(metaOf());
const honest = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","arguments":{},"_meta":${meta}}}`;

/** The honest call with one piece of its text changed. */
function changed(piece: string, by: string): string {
  assert.ok(honest.includes(piece));
  return honest.replace(piece, () => by);
}

function nested(depth: number): string {
  return changed('"arguments":{}', `"arguments":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);
}

const name = '"name":"read"';
const bodies: Readonly<Record<string, string | Uint8Array>> = {
  'a name twice': changed(name, '"name":"read","name":"destroy"'),
  'the same name twice': changed(name, '"name":"read","name":"read"'),
  'a name twice, once escaped': changed(name, '"name":"read","n\\u0061me":"destroy"'),
  'a method twice': changed('"method":', '"method":"tools/list","method":'),
  'an id twice': changed('"id":1', '"id":1,"id":2'),
  'params twice': changed('"params":', '"params":{},"params":'),
  'arguments twice': changed('"arguments":{}', '"arguments":{},"arguments":{"path":"/etc/shadow"}'),
  'a member twice within arguments': changed('"arguments":{}', '"arguments":{"path":"a","path":"b"}'),
  'a member twice deep within arguments': changed(
    '"arguments":{}',
    '"arguments":{"a":[{"b":{"c":1,"c":2}}]}',
  ),
  'a member twice within `_meta`': changed('"_meta":{', '"_meta":{"x":1,"x":2,'),
  'a proto member twice': changed('"arguments":{}', '"arguments":{"__proto__":1,"__proto__":2}'),
  'a name in another case': changed(name, '"name":"read","Name":"destroy"'),
  'only a name in another case': changed(name, '"NAME":"read"'),
  'a method in another case': changed('"method":', '"Method":"tools/list","method":'),
  'params in another case': changed('"params":', '"Params":{"name":"destroy"},"params":'),
  'a long s in params': changed('"params":', '"param\u017f":{"name":"destroy"},"params":'),
  'a Kelvin sign': changed('"params":{', '"params":{"tas\u212aId":"t","taskId":"u",'),
  'a name of full-width letters': changed(name, '"name":"read","\uff4e\uff41\uff4d\uff45":"destroy"'),
  'a name with U+0000': changed(name, '"name":"read","name\\u0000":"destroy"'),
  'a member with U+0000 deep within arguments': changed('"arguments":{}', '"arguments":{"a":{"\\u0000b":1}}'),
  'a name with a zero-width space': changed(name, '"name":"read","na\u200bme":"destroy"'),
  'a name with a soft hyphen': changed(name, '"name":"read","na\u00adme":"destroy"'),
  'a name with a blank': changed(name, '"name":"read","name ":"destroy"'),
  'a byte order mark': `\uFEFF${honest}`,
  'UTF-16': Buffer.from(honest, 'utf16le'),
  'UTF-8 cut within a character': Buffer.concat([
    Buffer.from(changed('"arguments":{}', '"arguments":{"a":"\u0001MARK"}').split('\u0001MARK')[0] ?? ''),
    Buffer.from([0xc3]),
    Buffer.from('"},"_meta":{}}}'),
  ]),
  'UTF-8 in an overlong form': latin1(changed('"read"', '"re\xc1\xa1d"')),
  'a surrogate in UTF-8': latin1(changed('"read"', '"re\xed\xa0\x80d"')),
  'a trailing comma': changed('"arguments":{}', '"arguments":{},'),
  'a comment': changed('"id":1', '/* hi */"id":1'),
  'single quotes': changed(name, "'name':'read'"),
  NaN: changed('"id":1', '"id":NaN'),
  'a raw line end within a text': changed('"read"', '"re\nad"'),
  'two messages': honest + honest,
  'a message and more': `${honest} x`,
  'a batch': `[${honest}]`,
  'an empty batch': '[]',
  'an empty body': '',
  'a text': '"tools/call"',
  null: 'null',
  'too deep arguments': nested(64),
  'very deep arguments': nested(15_000),
  'very deep arrays': changed('"arguments":{}', `"arguments":${'['.repeat(40_000)}${']'.repeat(40_000)}`),
  'an unclosed depth': `{"a":${'['.repeat(90_000)}`,
  'another JSON-RPC version': changed('"2.0"', '"1.0"'),
  'no JSON-RPC version': changed('"jsonrpc":"2.0",', ''),
  'an id that is null': changed('"id":1', '"id":null'),
  'a fraction as id': changed('"id":1', '"id":1.5'),
  'an id beyond the safe integers': changed('"id":1', '"id":9007199254740993'),
  'an object as id': changed('"id":1', '"id":{}'),
  'arguments that are no object': changed('"arguments":{}', '"arguments":[]'),
  'a method that is no text': changed('"tools/call"', '["tools/call"]'),
  'a request that is a response too': changed('"id":1', '"id":1,"result":{}'),
};

function latin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** Asserts that sending something moves not one byte at the upstream. */
async function unheard<T>(sending: () => Promise<T>): Promise<T> {
  const before = upstream.everything().length;
  const answer = await sending();
  await sleep(2);
  assert.equal(upstream.everything().length, before, 'bytes reached the upstream');
  return answer;
}

verifies('T11', 'the honest call, of which the others are variations, passes', async () => {
  reply = '{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[]}}';
  assert.equal((await client.bytes(honest, 'tools/call', 'read')).text, reply);
  assert.equal(upstream.calls('tools/call').length, 1);
});

for (const [what, body] of Object.entries(bodies)) {
  verifies('T11', `a body with ${what} is refused and not forwarded`, async () => {
    const { status, message, text } = await unheard(() => client.bytes(body, 'tools/call', 'read'));
    assert.equal(status, 400, text);
    const { code } = message['error'] as { readonly code: number };
    assert.ok([-32700, -32600, -32602].includes(code), text);
  });
}

verifies('T11', 'a body beyond the limit is refused before it is read, announced or chunked', async () => {
  const padded = changed('"arguments":{}', `"arguments":{"a":"${'x'.repeat(bodyBytes)}"}`);
  assert.equal((await unheard(() => client.bytes(padded, 'tools/call', 'read'))).status, 413);
  const chunked = { 'transfer-encoding': 'chunked' };
  const answer = await unheard(() => client.bytes(padded, 'tools/call', 'read', { headers: chunked }));
  assert.equal(answer.status, 413);
});

verifies('T11', 'the same message in a legacy dress is refused alike', async () => {
  for (const what of ['a name twice', 'a name in another case', 'a name with U+0000', 'a byte order mark']) {
    const headers = { 'mcp-protocol-version': '2025-11-25', 'mcp-method': undefined, 'mcp-name': undefined };
    const answer = await unheard(() =>
      client.bytes(bodies[what] ?? '', 'tools/call', undefined, { headers }),
    );
    assert.equal(answer.status, 400, `${what}: ${answer.text}`);
  }
});

/** The head of an honest request, with changed header lines, over a socket of its own. */
function rawCall(
  change: readonly (readonly [string, string])[],
  body: string,
  line = 'POST /mcp/files',
): Buffer {
  const names = new Set(change.map(([header]) => header.toLowerCase()));
  const usual: Headers = Object.entries({
    host: `127.0.0.1:${gateway.port}`,
    authorization: `Bearer ${client.token}`,
    ...mirrored('tools/call', 'read'),
    'content-length': String(Buffer.byteLength(body)),
  });
  return requestBytes(line, [...usual.filter(([header]) => !names.has(header)), ...change], body);
}

const length = String(Buffer.byteLength(honest));
const chunkedBody = `${Buffer.byteLength(honest).toString(16)}\r\n${honest}\r\n0\r\n\r\n`;
const framings: Readonly<Record<string, Buffer>> = {
  'a length and chunks': rawCall(
    [
      ['Content-Length', length],
      ['Transfer-Encoding', 'chunked'],
    ],
    chunkedBody,
  ),
  'chunks and then a length': rawCall(
    [
      ['Transfer-Encoding', 'chunked'],
      ['Content-Length', '5'],
    ],
    chunkedBody,
  ),
  'two different lengths': rawCall(
    [
      ['Content-Length', length],
      ['Content-Length', '5'],
    ],
    honest,
  ),
  'the same length twice': rawCall(
    [
      ['Content-Length', length],
      ['Content-Length', length],
    ],
    honest,
  ),
  'a list of lengths': rawCall([['Content-Length', `${length}, ${length}`]], honest),
  'a negative length': rawCall([['Content-Length', '-1']], honest),
  'a length with a sign': rawCall([['Content-Length', `+${length}`]], honest),
  'a length in hexadecimal': rawCall([['Content-Length', '0x10']], honest),
  'an unknown transfer coding': rawCall([['Transfer-Encoding', 'xchunked']], honest),
  'chunked not last': rawCall([['Transfer-Encoding', 'chunked, identity']], chunkedBody),
  'a chunk size that is no number': rawCall(
    [['Transfer-Encoding', 'chunked']],
    `zz\r\n${honest}\r\n0\r\n\r\n`,
  ),
  'a header folded over two lines': rawCall([['Mcp-Name', 'read\r\n destroy']], honest),
  'a blank before the colon': rawCall([['Mcp-Name ', 'read']], honest),
  'a bare line feed within a header': rawCall([['Mcp-Name', 'read\nMcp-Name: destroy']], honest),
  'a bare carriage return within a header': rawCall([['Mcp-Name', 'read\rX: y']], honest),
  'U+0000 within a header': rawCall([['Mcp-Name', 'read\u0000']], honest),
  'two hosts': rawCall(
    [
      ['Host', `127.0.0.1:${gateway.port}`],
      ['Host', 'evil.example'],
    ],
    honest,
  ),
  'no host': rawCall([['Host', '']], honest),
  'two Authorization headers': rawCall(
    [
      ['Authorization', `Bearer ${client.token}`],
      ['Authorization', 'Bearer other'],
    ],
    honest,
  ),
  'two content types': rawCall(
    [
      ['Content-Type', 'application/json'],
      ['Content-Type', 'text/plain'],
    ],
    honest,
  ),
  'two method headers': rawCall(
    [
      ['Mcp-Method', 'tools/call'],
      ['mcp-method', 'tools/list'],
    ],
    honest,
  ),
  'two session headers': rawCall(
    [
      ['Mcp-Session-Id', 'a'],
      ['Mcp-Session-Id', 'b'],
    ],
    honest,
  ),
  'an absolute target elsewhere': rawCall([], honest, 'POST http://evil.example/mcp/files'),
  'an encoded path': rawCall([], honest, 'POST /mcp/%66iles'),
  'a path with dots': rawCall([], honest, 'POST /mcp/../mcp/files'),
  'a raw path beyond ASCII': rawCall([], honest, 'POST /mcp/fil\u00e9s'),
};

for (const [what, bytes] of Object.entries(framings)) {
  verifies('T11', `a request with ${what} is refused and not forwarded`, async () => {
    const { status } = await unheard(() => raw(gateway.port, bytes));
    assert.ok(status >= 400 && status < 500, `got ${status}`);
  });
}

verifies(
  'T11',
  'what follows a body on the same connection is a request of its own, with credentials of its own',
  async () => {
    const first = rawCall([], honest).toString('latin1').replace('Connection: close\r\n', '');
    const second = `POST /mcp/files HTTP/1.1\r\nHost: 127.0.0.1:${gateway.port}\r\nConnection: close\r\n`;
    const headers = Object.entries({ ...mirrored('tools/call', 'destroy'), 'content-length': length });
    const hidden = `${second}${headers.map(([header, value]) => `${header}: ${value}\r\n`).join('')}\r\n${honest}`;
    const before = upstream.calls('tools/call').length;
    const { status, body } = await raw(gateway.port, first + hidden);
    assert.equal(status, 200);
    assert.match(body, /HTTP\/1\.1 401/);
    assert.equal(upstream.calls('tools/call').length, before + 1);
  },
);

verifies('T11', 'a request that comes byte by byte is the same request', async () => {
  const { open } = await import('../front/raw-client.ts');
  const socket = await open(gateway.port);
  const bytes = rawCall([], honest);
  for (let at = 0; at < bytes.length; at += 40) {
    socket.write(bytes.subarray(at, at + 40));
    await new Promise(setImmediate);
  }
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  assert.match(text, /^HTTP\/1\.1 200/);
});

const complete = '"result":{"resultType":"complete","content":[{"type":"text","text":"LEAK"}]}';
const replies: Readonly<Record<string, string>> = {
  'the result twice': `{"jsonrpc":"2.0","id":1,"result":{"content":[]},${complete}}`,
  'the content twice':
    '{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[],"content":[{"type":"text","text":"LEAK"}]}}',
  'a result in another case': `{"jsonrpc":"2.0","id":1,"Result":{"content":[]},${complete}}`,
  'a text twice deep inside':
    '{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[{"type":"text","text":"x","text":"LEAK"}]}}',
  'U+0000 in a member': `{"jsonrpc":"2.0","id":1,"result\\u0000":1,${complete}}`,
  'a byte order mark': `\uFEFF{"jsonrpc":"2.0","id":1,${complete}}`,
  'a result and an error': `{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"LEAK"},${complete}}`,
  'another id': `{"jsonrpc":"2.0","id":"LEAK",${complete}}`,
  'no id': `{"jsonrpc":"2.0",${complete}}`,
  'another JSON-RPC version': `{"jsonrpc":"1.0","id":1,${complete}}`,
  'a batch': `[{"jsonrpc":"2.0","id":1,${complete}}]`,
  'an unknown result type': '{"jsonrpc":"2.0","id":1,"result":{"resultType":"LEAK","content":[]}}',
  'too much depth': `{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":${'['.repeat(200)}"LEAK"${']'.repeat(200)}}}`,
  'nothing in it': '',
  'no JSON': 'LEAK',
};

for (const [what, text] of Object.entries(replies)) {
  const ids = what === 'an unknown result type' ? ['T11', 'X4'] : 'T11';
  verifies(ids, `a reply of the upstream with ${what} is withheld`, async () => {
    reply = text;
    const answer = await client.bytes(honest, 'tools/call', 'read');
    assert.equal(answer.status, 200);
    assert.doesNotMatch(answer.text, /LEAK/);
    const result = answer.message['result'] as { readonly isError: boolean };
    assert.equal(result.isError, true, answer.text);
  });
}

verifies('T11', 'disguised members travel where they are data: within arguments and results', async () => {
  reply =
    '{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","content":[],"structuredContent":{"Name":1,"name":2,"NAME":3}}}';
  const body = changed('"arguments":{}', '"arguments":{"Name":1,"name":2,"Params":3}');
  const answer = await client.bytes(body, 'tools/call', 'read');
  assert.equal(answer.text, reply);
  assert.equal(upstream.calls('tools/call').at(-1)?.text, body);
});

verifies('T11', 'the gateway still serves after all of this', async () => {
  reply = `{"jsonrpc":"2.0","id":1,${complete}}`;
  assert.equal((await client.bytes(honest, 'tools/call', 'read')).status, 200);
  const health = await exchange(gateway.port, { method: 'GET', path: '/healthz' });
  assert.equal(health.status, 200);
});
