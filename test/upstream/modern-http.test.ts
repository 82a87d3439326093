import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type JsonObject, objectMember } from '../../src/model/json.ts';
import { Refusal } from '../../src/model/refusal.ts';
import { readDocument } from '../../src/wire/json/read.ts';
import { sseEvent } from '../../src/wire/sse.ts';
import { eventually } from '../eventually.ts';
import {
  callTool,
  fixture,
  json,
  type Leg,
  legTo,
  listenOn,
  never,
  orderOf,
  type Received,
  refusalOf,
  resultOf,
  scopeOf,
  scripted,
  server,
} from './bench.ts';

const ends: (() => Promise<void>)[] = [];
after(async () => {
  for (const end of ends.reverse()) await end();
});

/** A scripted modern upstream and a leg to it. */
async function against(
  script: (received: Received) => unknown,
  limits: Parameters<typeof legTo>[1] = {},
  settings: Parameters<typeof legTo>[0] = {},
): Promise<{ readonly leg: Leg; readonly received: Received[] }> {
  const upstream = await scripted(script);
  const leg = legTo({ url: upstream.url, ...settings }, limits);
  ends.push(upstream.close, leg.close);
  return { leg, received: upstream.received };
}

const done = { resultType: 'complete', content: [] };
const answerDone = ({ res, message }: Received): void => json(res, message, done);

function paramsOf(received: Received | undefined): JsonObject {
  return objectMember(received?.message, 'params') ?? {};
}

function startStream(res: ServerResponse): void {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
}

function message(value: JsonObject): Buffer {
  return sseEvent(JSON.stringify({ jsonrpc: '2.0', ...value }));
}

test('a call that needs no change reaches the upstream byte for byte', async () => {
  const { leg, received } = await against(answerDone);
  const text =
    '{ "jsonrpc":"2.0", "id":7,"method":"tools/call","params":{"name":"t","arguments":{"big":12345678901234567890, "e":1.0},' +
    '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},' +
    '"io.modelcontextprotocol/clientInfo":{"name":"x","version":"1"},"x":1}},"odd":[] }';
  const document = readDocument(Buffer.from(text));
  assert.ok('value' in document);
  const params = document.value['params'] as JsonObject;
  const meta = params['_meta'] as JsonObject;
  const client = {
    revision: '2026-07-28' as never,
    capabilities: meta['io.modelcontextprotocol/clientCapabilities'] as JsonObject,
  };
  const order = await callTool('t', {}, { call: { document, params, client } });
  resultOf(await leg.relay(order, never));
  assert.equal(received[0]?.body.toString(), text);
});

test('the answer of the upstream comes back byte for byte', async () => {
  const text = '{"jsonrpc":"2.0","id":7, "result":{"content":[],"n":1e400,"resultType":"complete"}}';
  const { leg } = await against(({ res }) => {
    res.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
    res.end(text);
  });
  const reply = await leg.relay(await callTool('t'), never);
  assert.ok(!(reply instanceof Refusal));
  assert.equal(Buffer.from(reply.document.bytes).toString(), text);
});

test('headers repeat the body, mirror the arguments and carry the credential of the scope alone', async () => {
  const { leg, received } = await against(answerDone);
  const item = {
    name: 'täg',
    inputSchema: { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } },
  };
  const order = await callTool(
    'täg',
    { region: 'münchen' },
    {
      item,
      headers: { authorization: 'Bearer upstream', Cookie: 'no', 'MCP-Method': 'tools/list' },
      call: {
        mirrors: new Map([
          ['mcp-param-region', 'münchen'],
          ['mcp-param-other', 'kept'],
        ]),
      },
    },
  );
  resultOf(await leg.relay(order, never));
  const headers = received[0]?.req.headers ?? {};
  assert.equal(headers['mcp-protocol-version'], '2026-07-28');
  assert.equal(headers['mcp-method'], 'tools/call');
  assert.equal(headers['mcp-name'], `=?base64?${Buffer.from('täg').toString('base64')}?=`);
  assert.equal(headers['mcp-param-region'], `=?base64?${Buffer.from('münchen').toString('base64')}?=`);
  assert.equal(headers['mcp-param-other'], 'kept');
  assert.equal(headers['authorization'], 'Bearer upstream');
  assert.equal(headers['cookie'], undefined);
  assert.equal(headers['accept'], 'application/json, text/event-stream');
});

test('a renamed tool is sent under the upstream name in body and header', async () => {
  const { leg, received } = await against(answerDone);
  const order = await callTool('files__read');
  const primitive = { ...order.primitive, name: 'read' };
  resultOf(await leg.relay({ ...order, primitive }, never));
  assert.equal(paramsOf(received[0])['name'], 'read');
  assert.equal(received[0]?.req.headers['mcp-name'], 'read');
});

test('capabilities that are not policed and members under our own prefix do not leave', async () => {
  const { leg, received } = await against(answerDone);
  const order = await orderOf(
    'tools/call',
    { name: 't', _meta: { 'dev.bartizan/decision': 'forged', traceparent: '00-1' } },
    { capabilities: { elicitation: {}, extensions: { x: {} }, experimental: {} } },
  );
  resultOf(await leg.relay(order, never));
  const meta = paramsOf(received[0])['_meta'] as JsonObject;
  assert.deepEqual(meta['io.modelcontextprotocol/clientCapabilities'], { elicitation: {} });
  assert.equal(meta['dev.bartizan/decision'], undefined);
  assert.equal(meta['traceparent'], '00-1');
});

test('notifications of the event stream arrive before the reply, and requests of the server are dropped', async () => {
  const { leg } = await against(({ res, message: { id } }) => {
    startStream(res);
    res.write(message({ method: 'notifications/progress', params: { progressToken: 'p', progress: 1 } }));
    res.write(message({ method: 'sampling/createMessage', id: 1, params: {} }));
    res.end(message({ id: id as number, result: done }));
  });
  const order = await callTool('t', {}, { progressToken: 'p' });
  resultOf(await leg.relay(order, never));
  assert.deepEqual(
    order.notified.map(({ method }) => method),
    ['notifications/progress'],
  );
  assert.ok(leg.logged.includes('server request dropped: sampling/createMessage'));
});

test('input_required passes with its state, and the state goes back on the retry', async () => {
  const { leg, received } = await against(({ res, message: request }) => {
    const { requestState } = request['params'] as JsonObject;
    const ask = { resultType: 'input_required', requestState: 's1', inputRequests: {} };
    json(res, request, requestState === 's1' ? done : ask);
  });
  const first = await leg.relay(await callTool('t'), never);
  assert.equal((first as { kind: string }).kind, 'input_required');
  const retry = await orderOf(
    'tools/call',
    { name: 't', inputResponses: { a: {} }, requestState: 'sealed' },
    { requestState: 's1' },
  );
  assert.equal(((await leg.relay(retry, never)) as { kind: string }).kind, 'complete');
  assert.deepEqual(paramsOf(received[1])['inputResponses'], { a: {} });
});

const badAnswers: readonly (readonly [string, string, RegExp])[] = [
  ['a member that stands twice', '{"jsonrpc":"2.0","id":7,"result":{"a":1,"a":2}}', /stands twice/],
  [
    'the id of another request',
    '{"jsonrpc":"2.0","id":8,"result":{"resultType":"complete"}}',
    /id of another/,
  ],
  ['no JSON-RPC version', '{"id":7,"result":{"resultType":"complete"}}', /not JSON-RPC/],
  ['neither result nor error', '{"jsonrpc":"2.0","id":7}', /neither/],
  [
    'both result and error',
    '{"jsonrpc":"2.0","id":7,"result":{},"error":{"code":1,"message":""}}',
    /neither/,
  ],
  [
    'an unknown result type',
    '{"jsonrpc":"2.0","id":7,"result":{"resultType":"task"}}',
    /unknown result type/,
  ],
  ['a batch', '[{"jsonrpc":"2.0","id":7,"result":{"resultType":"complete"}}]', /array/],
  ['text that is no JSON', 'oops', /not JSON/],
];
for (const [what, text, detail] of badAnswers) {
  test(`an answer with ${what} is refused`, async () => {
    const { leg } = await against(({ res }) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(text);
    });
    const refusal = refusalOf(await leg.relay(await callTool('t'), never));
    assert.equal(refusal.code, 'upstream_failed');
    assert.match(refusal.detail, detail);
  });
}

test('input_required is refused for a method that cannot ask', async () => {
  const { leg } = await against(({ res, message: request }) =>
    json(res, request, { resultType: 'input_required', requestState: 's' }),
  );
  const order = await orderOf('completion/complete', { ref: { type: 'ref/prompt', name: 'p' } });
  assert.match(refusalOf(await leg.relay(order, never)).detail, /no answer to completion/);
});

test('an answer over the size limit is refused, announced or not', async () => {
  const { leg } = await against(
    ({ res, message: request }) => {
      const { name } = request['params'] as JsonObject;
      const text = JSON.stringify({ jsonrpc: '2.0', id: 7, result: { ...done, x: 'x'.repeat(5_000) } });
      res.writeHead(200, {
        'content-type': 'application/json',
        ...(name === 'announced' && { 'content-length': text.length }),
      });
      res.end(text);
    },
    { resultBytes: 1_000 },
  );
  for (const name of ['announced', 'chunked']) {
    assert.match(refusalOf(await leg.relay(await callTool(name), never)).detail, /larger than 1000/);
  }
});

test('a stream that is cut before the response fails the call', async () => {
  const { leg } = await against(({ res }) => {
    startStream(res);
    res.end(message({ method: 'notifications/message', params: {} }));
  });
  assert.match(refusalOf(await leg.relay(await callTool('t'), never)).detail, /ended before the response/);
});

test('a redirect is not followed', async () => {
  let visited = 0;
  const other = await listenOn((_req, res) => {
    visited++;
    res.end();
  });
  ends.push(other.close);
  const { leg } = await against(({ res }) => res.writeHead(307, { location: other.url }).end());
  assert.match(refusalOf(await leg.relay(await callTool('t'), never)).detail, /redirects/);
  assert.equal(visited, 0);
});

test('401 fails the call, and is no evidence of an era', async () => {
  const upstream = await listenOn((_req, res) => res.writeHead(401).end());
  const leg = legTo({ url: upstream.url });
  ends.push(upstream.close, leg.close);
  assert.match(refusalOf(await leg.relay(await callTool('t'), never)).detail, /401/);
  assert.equal(leg.verdicts.kept.size, 0);
});

test('errors about the call reach the caller whatever their status; errors about our request do not', async () => {
  const { leg } = await against(({ res, message: request }) => {
    const code = Number((request['params'] as JsonObject)['name']);
    res.writeHead(code === -32601 ? 404 : code === -32002 ? 200 : 400, {
      'content-type': 'application/json',
    });
    res.end(JSON.stringify({ jsonrpc: '2.0', id: 7, error: { code, message: 'm', data: { a: 1 } } }));
  });
  for (const [code, inner] of [
    [-32602, -32602],
    [-32021, -32021],
    [-32601, -32601],
    [42, 42],
    [-32002, -32602],
    [-32090, -32603],
  ]) {
    const reply = await leg.relay(await callTool(String(code)), never);
    assert.ok(!(reply instanceof Refusal), `${code}`);
    assert.equal((reply.document.value['error'] as JsonObject)['code'], inner);
  }
  assert.equal(refusalOf(await leg.relay(await callTool('-32020'), never)).code, 'upstream_failed');
});

test('a call ends when its time is over, progress or not', async () => {
  let closed = 0;
  const { leg } = await against(
    ({ res }) => {
      startStream(res);
      const timer = setInterval(
        () =>
          res.write(
            message({ method: 'notifications/progress', params: { progressToken: 'p', progress: 1 } }),
          ),
        20,
      );
      res.on('close', () => {
        clearInterval(timer);
        closed++;
      });
    },
    { callMs: 200 },
  );
  const started = performance.now();
  assert.equal(refusalOf(await leg.relay(await callTool('t'), never)).code, 'upstream_timeout');
  assert.ok(performance.now() - started < 2_000);
  await eventually('the end of the connection', () => closed === 1);
});

test('aborting a call closes its stream at the upstream', async () => {
  const gone = Promise.withResolvers<void>();
  const { leg, received } = await against(({ res }) => {
    startStream(res);
    res.flushHeaders();
    res.on('close', gone.resolve);
  });
  const caller = new AbortController();
  const reply = leg.relay(await callTool('t'), caller.signal);
  await eventually('the call', () => received.length === 1);
  caller.abort();
  assert.equal(refusalOf(await reply).code, 'cancelled');
  await gone.promise;
});

test('a slow client slows the upstream down, so that memory stays flat', async () => {
  let written = 0;
  let ended = false;
  const { leg } = await against(async ({ res, message: { id } }) => {
    startStream(res);
    const chunk = message({
      method: 'notifications/message',
      params: { level: 'info', data: 'x'.repeat(60_000) },
    });
    for (let count = 0; count < 800; count++) {
      written += chunk.length;
      if (!res.write(chunk)) await once(res, 'drain');
    }
    ended = true;
    res.end(message({ id: id as number, result: done }));
  });
  const gate = Promise.withResolvers<void>();
  let taken = 0;
  const order = await callTool(
    't',
    {},
    {
      notify: async () => {
        if (++taken === 3) await gate.promise;
      },
    },
  );
  const reply = leg.relay(order, never);
  await sleep(300);
  assert.equal(taken, 3);
  assert.ok(written < 16_000_000, `the upstream could write ${written} bytes`);
  assert.equal(ended, false);
  gate.resolve();
  resultOf(await reply);
  assert.equal(taken, 800);
});

test('connections are reused for one principal and never shared between two', async () => {
  const { leg, received } = await against(answerDone);
  const callAs = async (principal: string): Promise<number | undefined> => {
    resultOf(await leg.relay(await callTool('t', {}, { principal }), never));
    return received.at(-1)?.req.socket.remotePort;
  };
  const ada = new Set<number | undefined>();
  for (let count = 0; count < 10; count++) ada.add(await callAs('ada'));
  assert.ok(ada.size <= 2, `${ada.size} connections for ten calls in a row`);
  assert.ok(!ada.has(await callAs('bob')));
});

test('a link that is unused makes room; when all are at work the call is refused', async () => {
  const gate = Promise.withResolvers<void>();
  const { leg, received } = await against(
    async (one) => {
      await gate.promise;
      answerDone(one);
    },
    { linksPerServer: 1 },
  );
  const first = leg.relay(await callTool('t', {}, { principal: 'ada' }), never);
  await eventually('the first call', () => received.length === 1);
  assert.equal(
    refusalOf(await leg.relay(await callTool('t', {}, { principal: 'bob' }), never)).code,
    'overloaded',
  );
  gate.resolve();
  resultOf(await first);
  resultOf(await leg.relay(await callTool('t', {}, { principal: 'bob' }), never));
});

test('a server that is told the modern way only that it speaks older revisions is asked by initialize', async () => {
  const upstream = await fixture('--era', 'legacy');
  const leg = legTo({ url: upstream.url });
  ends.push(upstream.close, leg.close);
  leg.verdicts.remember(server, { era: 'modern', transport: 'http', at: Date.now() });
  resultOf(await leg.relay(await callTool('test_simple_text'), never));
  assert.equal(leg.verdicts.kept.get(server)?.era, 'legacy');
});

test('one probe serves all who wait, and its verdict is dated', async () => {
  let probes = 0;
  const upstream = await listenOn((req, res) => {
    req.on('data', (chunk: Buffer) => {
      const request = JSON.parse(chunk.toString()) as JsonObject;
      if (request['method'] !== 'server/discover') return json(res, request, done);
      probes++;
      setTimeout(() => json(res, request, { supportedVersions: ['2026-07-28'], capabilities: {} }), 50);
    });
  });
  const leg = legTo({ url: upstream.url });
  ends.push(upstream.close, leg.close);
  const orders = await Promise.all(Array.from({ length: 5 }, () => callTool('t')));
  for (const reply of await Promise.all(orders.map((order) => leg.relay(order, never)))) resultOf(reply);
  assert.equal(probes, 1);
  assert.ok(Date.now() - (leg.verdicts.kept.get(server)?.at ?? 0) < 10_000);
});

test('a change stream says when it stands and delivers without the id of our own request', async () => {
  const upstream = await fixture('--era', 'modern');
  const leg = legTo({ url: upstream.url });
  ends.push(upstream.close, leg.close);
  const order = await callTool('test_trigger_tool_change');
  const got: JsonObject[] = [];
  const arrived = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();
  const caller = new AbortController();
  const ended = leg.listen(
    {
      permit: order.permit,
      server,
      scope: scopeOf(),
      filter: {
        toolsListChanged: true,
        promptsListChanged: false,
        resourcesListChanged: false,
        resourceSubscriptions: [],
      },
      ready: ready.resolve,
      notify: async ({ value }) => {
        got.push(value);
        arrived.resolve();
      },
    },
    caller.signal,
  );
  await ready.promise;
  const changed: string[] = [];
  leg.onListChanged((of, kind, principal) => changed.push(`${of} ${kind} ${principal}`));
  resultOf(await leg.relay(order, never));
  await arrived.promise;
  assert.equal(got[0]?.['method'], 'notifications/tools/list_changed');
  assert.ok(!JSON.stringify(got).includes('subscriptionId'));
  assert.deepEqual(changed, [`${server} tool ada`]);
  caller.abort();
  await ended;
});

test('closing ends what runs, at once', async () => {
  const { leg, received } = await against(() => undefined);
  const running = leg.relay(await callTool('t'), never);
  await eventually('the call', () => received.length === 1);
  const started = performance.now();
  await leg.close();
  assert.ok(performance.now() - started < 2_000);
  assert.equal(refusalOf(await running).code, 'upstream_failed');
});
