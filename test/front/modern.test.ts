import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { refuse } from '../../src/model/refusal.ts';
import { parseServerId } from '../../src/model/server-id.ts';
import { listeningFront } from './listening-front.ts';
import { modernBody, modernHeaders, modernMeta } from './modern-message.ts';
import { post, type RawAnswer } from './raw-client.ts';

const echo = modernBody('tools/call', { name: 'files__read', arguments: { path: 'a' } });
const echoHeaders = modernHeaders('tools/call', 'files__read');
const ok = (): JsonObject => ({ content: [] });
const list = modernBody('tools/list');
const listHeaders = modernHeaders('tools/list');

function errorIn({ body }: RawAnswer): {
  readonly code: number;
  readonly message: string;
  readonly data: JsonObject;
} {
  return JSON.parse(body).error;
}

test('answers a modern call as JSON with its length', async (t) => {
  const front = await listeningFront(t, () => ({ content: [{ type: 'text', text: 'ok' }] }));
  const answer = await post(front.port, echo, echoHeaders);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'application/json');
  assert.equal(answer.headers.get('content-length'), String(answer.body.length));
  assert.deepEqual(JSON.parse(answer.body), {
    jsonrpc: '2.0',
    id: 1,
    result: { resultType: 'complete', content: [{ type: 'text', text: 'ok' }] },
  });
  assert.equal(front.calls[0]?.target, 'files__read');
});

test('hands over the call with its bytes, its client and its trace', async (t) => {
  const front = await listeningFront(t, ok);
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const body = `{"jsonrpc":"2.0", "id":"x", "method":"tools/call", "params":{"name":"é","arguments":{"n":9007199254740993},"_meta":${JSON.stringify({ ...modernMeta, progressToken: 7, traceparent, 'io.modelcontextprotocol/logLevel': 'info' })}}}`;
  const headers = {
    ...modernHeaders('tools/call', '=?base64?w6k=?='),
    'mcp-param-region': '=?base64?w6k=?=',
    'mcp-param-x': 'y',
  };
  assert.equal((await post(front.port, body, headers)).status, 200);
  const [call] = front.calls;
  assert.equal(Buffer.from(call!.document.bytes).toString(), body);
  assert.equal(call?.target, 'é');
  assert.deepEqual(call?.client, {
    revision: '2026-07-28',
    capabilities: {},
    logLevel: 'info',
    progressToken: 7,
  });
  assert.deepEqual(call?.trace, {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    parentId: 'b7ad6b7169203331',
  });
  assert.deepEqual(
    [...call!.mirrors],
    [
      ['mcp-param-region', 'é'],
      ['mcp-param-x', 'y'],
    ],
  );
});

type Row = readonly [
  name: string,
  body: string,
  headers: Record<string, string | undefined>,
  status: number,
  code: number,
];

const withMeta = (meta: JsonObject): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 5, method: 'tools/list', params: { _meta: meta } });
const {
  'io.modelcontextprotocol/protocolVersion': version,
  'io.modelcontextprotocol/clientCapabilities': capabilities,
} = modernMeta;
const versionKey = 'io.modelcontextprotocol/protocolVersion';
const capabilitiesKey = 'io.modelcontextprotocol/clientCapabilities';

const disagreements: readonly Row[] = [
  ['no Mcp-Method', echo, { ...echoHeaders, 'mcp-method': undefined }, 400, -32020],
  ['another Mcp-Method', echo, { ...echoHeaders, 'mcp-method': 'tools/list' }, 400, -32020],
  ['Mcp-Method in another case', list, { ...listHeaders, 'mcp-method': 'TOOLS/LIST' }, 400, -32020],
  ['no Mcp-Name', echo, { ...echoHeaders, 'mcp-name': undefined }, 400, -32020],
  ['another Mcp-Name', echo, { ...echoHeaders, 'mcp-name': 'files__write' }, 400, -32020],
  ['Mcp-Name in another case', echo, { ...echoHeaders, 'mcp-name': 'FILES__READ' }, 400, -32020],
  [
    'Mcp-Name with bad padding',
    echo,
    { ...echoHeaders, 'mcp-name': '=?base64?ZmlsZXNfX3JlYWQ?=' },
    400,
    -32020,
  ],
  [
    'Mcp-Name with bad characters',
    echo,
    { ...echoHeaders, 'mcp-name': '=?base64?ZmlsZX!fX3JlYWQ=?=' },
    400,
    -32020,
  ],
  ['a bad Mcp-Param', echo, { ...echoHeaders, 'mcp-param-a': '=?base64?x?=' }, 400, -32020],
  ['no version header', list, { ...listHeaders, 'mcp-protocol-version': undefined }, 400, -32020],
  ['an older version header', list, { ...listHeaders, 'mcp-protocol-version': '2025-11-25' }, 400, -32020],
  [
    'another version in the body',
    withMeta({ [versionKey]: 'v999', [capabilitiesKey]: {} }),
    listHeaders,
    400,
    -32020,
  ],
  [
    'a version nobody speaks',
    withMeta({ [versionKey]: 'v999', [capabilitiesKey]: {} }),
    { ...listHeaders, 'mcp-protocol-version': 'v999' },
    400,
    -32022,
  ],
  [
    'a version nobody speaks and no _meta',
    modernBody('tools/list').replace(/,"params".*$/, '}'),
    { ...listHeaders, 'mcp-protocol-version': 'v999' },
    400,
    -32022,
  ],
  [
    'no _meta',
    JSON.stringify({ jsonrpc: '2.0', id: 5, method: 'tools/list', params: {} }),
    listHeaders,
    400,
    -32602,
  ],
  ['no version in _meta', withMeta({ [capabilitiesKey]: capabilities! }), listHeaders, 400, -32602],
  ['no capabilities in _meta', withMeta({ [versionKey]: version! }), listHeaders, 400, -32602],
  ['an unknown method', modernBody('x/y'), modernHeaders('x/y'), 404, -32601],
  ['a method of sessions', modernBody('ping'), modernHeaders('ping'), 404, -32601],
  ['initialize', modernBody('initialize'), modernHeaders('initialize'), 404, -32601],
  [
    'a name that is no string',
    modernBody('tools/call', { name: 7 }),
    modernHeaders('tools/call', '7'),
    400,
    -32602,
  ],
  [
    'arguments that are no object',
    modernBody('tools/call', { name: 'a', arguments: [] }),
    modernHeaders('tools/call', 'a'),
    400,
    -32602,
  ],
];

for (const [name, body, headers, status, code] of disagreements) {
  test(`refuses ${name} with ${status} and ${code}, under the id of the request`, async (t) => {
    const front = await listeningFront(t, ok);
    const answer = await post(front.port, body, headers);
    assert.equal(answer.status, status, answer.body);
    assert.equal(errorIn(answer).code, code);
    assert.equal(JSON.parse(answer.body).id, JSON.parse(body).id);
    assert.equal(front.calls.length, 0);
  });
}

const agreements: readonly (readonly [string, Record<string, string | undefined>])[] = [
  ['header names in capitals', { 'mcp-protocol-version': undefined, 'MCP-PROTOCOL-VERSION': '2026-07-28' }],
  ['blanks around a value', { 'mcp-name': '  files__read\t' }],
  ['an encoded name', { 'mcp-name': '=?base64?ZmlsZXNfX3JlYWQ=?=' }],
  ['a header that no tool knows', { 'mcp-param-unknown': 'x' }],
  ['a session id, which means nothing here', { 'mcp-session-id': 'x', 'last-event-id': '7' }],
  ['a content type with a charset', { 'content-type': 'application/json; charset=utf-8' }],
  ['any accepted type', { accept: '*/*' }],
];

for (const [name, headers] of agreements) {
  test(`accepts ${name}`, async (t) => {
    const front = await listeningFront(t, ok);
    const answer = await post(front.port, echo, { ...echoHeaders, ...headers });
    assert.equal(answer.status, 200, answer.body);
    assert.equal(front.calls.length, 1);
  });
}

test('names the versions it speaks to a client of none of them', async (t) => {
  const front = await listeningFront(t, ok);
  const body = withMeta({ [versionKey]: 'v999', [capabilitiesKey]: {} });
  const { data } = errorIn(await post(front.port, body, { ...listHeaders, 'mcp-protocol-version': 'v999' }));
  assert.deepEqual(data['supported'], ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05']);
  assert.equal(data['requested'], 'v999');
});

test('compares Mcp-Param headers with the schema once the pipeline knows it', async (t) => {
  const item = {
    name: 't',
    inputSchema: { properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } },
  };
  const front = await listeningFront(t, (call, { arrival }) => {
    const primitive = { server: parseServerId('files')!, kind: 'tool', name: 't' } as const;
    return arrival.agrees(call, { primitive, item }) ?? ok();
  });
  const body = modernBody('tools/call', { name: 't', arguments: { region: 'eu' } });
  const headers = modernHeaders('tools/call', 't');
  assert.equal(
    (await post(front.port, body, { ...headers, 'mcp-param-region': '=?base64?ZXU=?=' })).status,
    200,
  );
  const missing = await post(front.port, body, headers);
  assert.deepEqual([missing.status, errorIn(missing).code], [400, -32020]);
});

test('takes a notification and forwards nothing', async (t) => {
  const front = await listeningFront(t, ok);
  const body = JSON.stringify({
    jsonrpc: '2.0',
    method: 'notifications/cancelled',
    params: { requestId: 1 },
  });
  const answer = await post(front.port, body, { 'mcp-protocol-version': '2026-07-28' });
  assert.deepEqual([answer.status, answer.body], [202, '']);
  assert.equal(front.calls.length, 0);
  const stranger = await post(front.port, body, {
    'mcp-protocol-version': '2026-07-28',
    authorization: 'Bearer bad',
  });
  assert.equal(stranger.status, 401);
});

test('refuses a response and a batch', async (t) => {
  const front = await listeningFront(t, ok);
  const response = await post(front.port, '{"jsonrpc":"2.0","id":1,"result":{}}', listHeaders);
  assert.deepEqual([response.status, errorIn(response).code], [400, -32600]);
  const batch = await post(front.port, `[${list}]`, listHeaders);
  assert.deepEqual(
    [batch.status, errorIn(batch).code, errorIn(batch).data['denial']],
    [400, -32600, 'batch_not_allowed'],
  );
  assert.equal(front.calls.length, 0);
});

test('asks for a token before it reads the message', async (t) => {
  const front = await listeningFront(t, ok);
  const answer = await post(front.port, '{"broken', { ...listHeaders, authorization: undefined });
  assert.equal(answer.status, 401);
  assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm="mcp"');
  assert.equal(errorIn(answer).data['denial'], 'token_missing');
});

test('lets a model read why its call was denied, and what to do', async (t) => {
  const front = await listeningFront(t, () => refuse('policy_denied', 'secret detail of the policy'));
  const answer = await post(front.port, echo, echoHeaders);
  const decision = front.outcomes[0]?.decisionId;
  const { result } = JSON.parse(answer.body);
  assert.equal(answer.status, 200);
  assert.equal(result.isError, true);
  assert.equal(result.resultType, 'complete');
  assert.deepEqual(result._meta, {
    'dev.bartizan/decision': decision,
    'dev.bartizan/denial': 'policy_denied',
  });
  assert.match(result.content[0].text, /policy does not allow.*quoting the decision id.*\(decision /);
  assert.ok(result.content[0].text.includes(decision));
  assert.ok(!answer.body.includes('secret detail'));
});

test('answers every other method with an error that holds denial, remedy and decision', async (t) => {
  const front = await listeningFront(t, () => refuse('policy_denied', 'detail'));
  const answer = await post(
    front.port,
    modernBody('prompts/get', { name: 'p' }),
    modernHeaders('prompts/get', 'p'),
  );
  const { code, data } = errorIn(answer);
  assert.deepEqual(
    [answer.status, code, data['denial'], data['decision']],
    [200, 1001, 'policy_denied', front.outcomes[0]?.decisionId],
  );
  assert.equal(typeof data['remedy'], 'string');
});

test('answers a hidden name and an unknown one with the same bytes but for the decision id', async (t) => {
  let hidden = false;
  const front = await listeningFront(t, () =>
    hidden
      ? refuse('primitive_unknown', 'hidden by policy 7', { reason: 'hidden', data: { policy: 7 } })
      : refuse('primitive_unknown', 'not in the list'),
  );
  for (const [method, noun] of [
    ['tools/call', 'tool'],
    ['prompts/get', 'prompt'],
  ] as const) {
    const ask = async (): Promise<string> => {
      const answer = await post(front.port, modernBody(method, { name: 'x' }), modernHeaders(method, 'x'));
      assert.equal(errorIn(answer).message, `Unknown ${noun}: x`);
      const head = JSON.stringify([answer.status, [...answer.headers].filter(([name]) => name !== 'date')]);
      return head + answer.body.replace(front.outcomes.at(-1)!.decisionId, 'D');
    };
    hidden = false;
    const unknown = await ask();
    hidden = true;
    assert.equal(await ask(), unknown);
  }
});

test('names the URI of a resource that is not there', async (t) => {
  const front = await listeningFront(t, () => refuse('resource_unknown', 'detail'));
  const uri = 'files+file:///x';
  const { code, message, data } = errorIn(
    await post(front.port, modernBody('resources/read', { uri }), modernHeaders('resources/read', uri)),
  );
  assert.deepEqual([code, message, data['uri']], [-32602, 'Resource not found', uri]);
});

test('passes errors of a server with the status that their code has', async (t) => {
  let code = 0;
  const front = await listeningFront(t, ({ document }) => ({
    kind: 'error',
    document: { ...document, value: { jsonrpc: '2.0', id: 1, error: { code, message: 'm' } } },
  }));
  for (const [sent, status] of [
    [-32602, 200],
    [-32601, 404],
    [-32021, 400],
    [1234, 200],
  ] as const) {
    code = sent;
    assert.equal((await post(front.port, list, listHeaders)).status, status);
  }
});

test('limits the calls that one principal runs at once, and no other principal', async (t) => {
  const running: (() => void)[] = [];
  const front = await listeningFront(t, () => new Promise((resolve) => running.push(() => resolve({}))), {
    limits: { callsPerPrincipal: 2 },
  });
  const first = [post(front.port, list, listHeaders), post(front.port, list, listHeaders)];
  while (running.length < 2) await new Promise((resolve) => setImmediate(resolve));
  const third = await post(front.port, list, listHeaders);
  assert.deepEqual([third.status, errorIn(third).data['denial']], [429, 'too_many_streams']);
  const other = post(front.port, list, { ...listHeaders, authorization: 'Bearer bob' });
  while (running.length < 3) await new Promise((resolve) => setImmediate(resolve));
  for (const end of running) end();
  assert.deepEqual(
    (await Promise.all([...first, other])).map(({ status }) => status),
    [200, 200, 200],
  );
  const again = post(front.port, list, listHeaders);
  while (running.length < 4) await new Promise((resolve) => setImmediate(resolve));
  running[3]?.();
  assert.equal((await again).status, 200);
});

test('answers 500 when the pipeline throws, and tells the cause to the operator alone', async (t) => {
  const cause = new Error('inner secret');
  const faults: unknown[] = [];
  const script = (): never => {
    throw cause;
  };
  const front = await listeningFront(t, script, { onFault: (fault) => faults.push(fault) });
  const answer = await post(front.port, list, listHeaders);
  assert.equal(answer.status, 500);
  assert.ok(!answer.body.includes('inner secret'));
  assert.deepEqual(faults, [cause]);
});
