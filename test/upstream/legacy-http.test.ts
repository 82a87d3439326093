import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type JsonObject, objectMember } from '../../src/model/json.ts';
import { sseEvent } from '../../src/wire/sse.ts';
import { eventually } from '../eventually.ts';
import {
  callTool,
  type Endpoint,
  fixture,
  json,
  type Leg,
  legTo,
  listenOn,
  never,
  type OrderChange,
  orderOf,
  refusalOf,
  resultOf,
  scopeOf,
  server,
} from './bench.ts';

const ends: (() => Promise<void>)[] = [];
let real: Endpoint;
before(async () => {
  real = await fixture('--era', 'legacy');
});
after(async () => {
  for (const end of ends.reverse()) await end();
  await real.close();
});

const asks = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };

function legToReal(limits: Parameters<typeof legTo>[1] = {}): Leg {
  const leg = legTo({ url: real.url }, limits);
  ends.push(leg.close);
  return leg;
}

function questionsOf(reply: unknown): {
  readonly state: string;
  readonly questions: Record<string, JsonObject>;
} {
  assert.equal((reply as { kind: string }).kind, 'input_required');
  const result = resultOf(reply);
  return {
    state: String(result['requestState']),
    questions: result['inputRequests'] as Record<string, JsonObject>,
  };
}

const retryOf = (
  name: string,
  state: string,
  inputResponses: JsonObject,
  change: OrderChange = {},
): ReturnType<typeof orderOf> =>
  orderOf(
    'tools/call',
    { name, arguments: {}, inputResponses, requestState: 'sealed' },
    { capabilities: asks, requestState: state, ...change },
  );

test('calls, progress, lists and description in the inner shape', async () => {
  const leg = legToReal();
  const order = await callTool('test_tool_with_progress', {}, { progressToken: 'p' });
  assert.equal(resultOf(await leg.relay(order, never))['resultType'], 'complete');
  assert.deepEqual(
    order.notified.map(({ params }) => (params as JsonObject)['progressToken']),
    ['p', 'p', 'p'],
  );
  const listed = await leg.items(server, 'tool', scopeOf(), never);
  assert.ok('items' in listed && listed.items.length > 10 && listed.ttlMs > 0);
  assert.equal(leg.verdicts.kept.get(server)?.era, 'legacy');
});

test('an old error code of a missing resource becomes the one of today', async () => {
  const reply = await legToReal().relay(await orderOf('resources/read', { uri: 'test://missing' }), never);
  assert.ok('document' in reply);
  assert.equal(objectMember(reply.document.value, 'error')?.['code'], -32602);
});

test('what the server asks during a call goes to the client, and its answer back to the same call', async () => {
  const leg = legToReal();
  const first = await leg.relay(
    await callTool('test_elicitation', { message: 'who?' }, { capabilities: asks }),
    never,
  );
  const { state, questions } = questionsOf(first);
  const [[key = '', question] = []] = Object.entries(questions);
  assert.equal(question?.['method'], 'elicitation/create');
  assert.equal(objectMember(question, 'params')?.['_meta'], undefined);
  const answer = { action: 'accept', content: { username: 'ada', email: 'a@example' } };
  const last = await leg.relay(await retryOf('test_elicitation', state, { [key]: answer }), never);
  assert.match(JSON.stringify(resultOf(last)), /ada/);
});

test('a suspended call serves its principal and its tool alone, and once', async () => {
  const leg = legToReal();
  const order = await callTool('test_sampling', { prompt: 'x' }, { capabilities: asks });
  const { state, questions } = questionsOf(await leg.relay(order, never));
  const [key = ''] = Object.keys(questions);
  const answers = { [key]: { role: 'assistant', model: 'm', content: { type: 'text', text: 'yes' } } };
  const foreign = await leg.relay(
    await retryOf('test_sampling', state, answers, { principal: 'eve' }),
    never,
  );
  assert.equal(refusalOf(foreign).code, 'state_invalid');
  assert.match(
    JSON.stringify(resultOf(await leg.relay(await retryOf('test_sampling', state, answers), never))),
    /yes/,
  );
  const again = await leg.relay(await retryOf('test_sampling', state, answers), never);
  assert.equal(refusalOf(again).code, 'state_invalid');
});

test('what the client left unanswered is asked again', async () => {
  const leg = legToReal();
  const order = await callTool('test_sampling', { prompt: 'x' }, { capabilities: asks });
  const first = questionsOf(await leg.relay(order, never));
  const second = questionsOf(await leg.relay(await retryOf('test_sampling', first.state, {}), never));
  assert.deepEqual(second.questions, first.questions);
  assert.notEqual(second.state, first.state);
});

test('a suspended call whose client does not come back is cancelled', async () => {
  const leg = legToReal({ suspendedMs: 50 });
  const order = await callTool('test_sampling', { prompt: 'x' }, { capabilities: asks });
  const { state } = questionsOf(await leg.relay(order, never));
  await sleep(150);
  assert.equal(
    refusalOf(await leg.relay(await retryOf('test_sampling', state, {}), never)).code,
    'state_invalid',
  );
});

test('a server does not get to ask what the client did not declare', async () => {
  const reply = await legToReal().relay(await callTool('test_sampling', { prompt: 'x' }), never);
  assert.equal((reply as { kind: string }).kind === 'input_required', false);
});

test('a stream that the server closes is gone on with after the time it names', async () => {
  resultOf(await legToReal().relay(await callTool('test_reconnection'), never));
});

test('log messages come when the call asks for them', async () => {
  const order = await callTool('test_tool_with_logging');
  const client = { ...order.call.client, logLevel: 'debug' };
  resultOf(await legToReal().relay({ ...order, call: { ...order.call, client } }, never));
  assert.equal(order.notified.filter(({ method }) => method === 'notifications/message').length, 3);
});

test('list changes reach the stream of a listener and the inventory', async () => {
  const leg = legToReal();
  const changed: string[] = [];
  leg.onListChanged((of, kind, principal) => changed.push(`${of} ${kind} ${principal}`));
  const order = await callTool('test_trigger_tool_change');
  const caller = new AbortController();
  const ready = Promise.withResolvers<void>();
  const got = Promise.withResolvers<JsonObject>();
  const filter = {
    toolsListChanged: true,
    promptsListChanged: false,
    resourcesListChanged: false,
    resourceSubscriptions: ['test://watched-resource'],
  };
  const ended = leg.listen(
    {
      permit: order.permit,
      server,
      scope: scopeOf(),
      filter,
      ready: ready.resolve,
      notify: async ({ value }) => got.resolve(value),
    },
    caller.signal,
  );
  await ready.promise;
  resultOf(await leg.relay(order, never));
  assert.equal((await got.promise)['method'], 'notifications/tools/list_changed');
  assert.ok(changed.includes(`${server} tool ada`));
  caller.abort();
  await ended;
});

interface Scripted extends Endpoint {
  readonly seen: {
    readonly method: string;
    readonly message: JsonObject;
    readonly headers: IncomingMessage['headers'];
  }[];
}

type Turn = (message: JsonObject, res: ServerResponse, session: string) => void;

/** A legacy server over Streamable HTTP that answers calls as its script says. */
async function scriptedLegacy(turn: Turn): Promise<Scripted> {
  const seen: Scripted['seen'] = [];
  let sessions = 0;
  const take = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const body = await buffer(req);
    const message = (body.length === 0 ? {} : JSON.parse(body.toString())) as JsonObject;
    seen.push({ method: `${req.method} ${message['method'] ?? ''}`.trim(), message, headers: req.headers });
    if (req.method !== 'POST') return void res.writeHead(req.method === 'GET' ? 405 : 200).end();
    const session = String(req.headers['mcp-session-id'] ?? '');
    if (message['method'] === 'initialize') {
      res.setHeader('mcp-session-id', `session-${++sessions}`);
      return json(res, message, {
        protocolVersion: '2025-06-18',
        capabilities: {},
        serverInfo: { name: 's', version: '1' },
      });
    }
    if (session === '') return void res.writeHead(400).end();
    if (message['id'] === undefined || message['method'] === undefined) {
      res.writeHead(202).end();
      if (message['method'] !== undefined) return;
    }
    turn(message, res, session);
  };
  const endpoint = await listenOn((req, res) => void take(req, res));
  return { ...endpoint, seen };
}

async function legToScript(
  turn: Turn,
  limits: Parameters<typeof legTo>[1] = {},
): Promise<{ readonly leg: Leg; readonly upstream: Scripted }> {
  const upstream = await scriptedLegacy(turn);
  const leg = legTo({ url: upstream.url }, limits);
  ends.push(upstream.close, leg.close);
  return { leg, upstream };
}

const answer: Turn = (message, res) => json(res, message, { content: [] });

test('a session is begun with the capabilities of the call, named on every message, and ended', async () => {
  const { leg, upstream } = await legToScript(answer);
  resultOf(
    await leg.relay(await callTool('t', {}, { capabilities: { elicitation: {}, extensions: {} } }), never),
  );
  resultOf(await leg.relay(await callTool('t', {}, { capabilities: { elicitation: {} } }), never));
  resultOf(await leg.relay(await callTool('t', {}, { principal: 'bob' }), never));
  await leg.close();
  const begun = upstream.seen.filter(({ method }) => method === 'POST initialize').slice(1);
  assert.deepEqual(
    begun.map(({ message }) => objectMember(objectMember(message, 'params'), 'capabilities')),
    [{ elicitation: {} }, {}],
  );
  const calls = upstream.seen.filter(({ method }) => method === 'POST tools/call');
  assert.deepEqual(
    calls.map(({ headers }) => [headers['mcp-session-id'], headers['mcp-protocol-version']]),
    [
      ['session-2', '2025-06-18'],
      ['session-2', '2025-06-18'],
      ['session-3', '2025-06-18'],
    ],
  );
  assert.ok(!JSON.stringify(calls.map(({ message }) => message)).includes('io.modelcontextprotocol'));
  const ended = upstream.seen
    .filter(({ method }) => method === 'DELETE')
    .map(({ headers }) => headers['mcp-session-id']);
  assert.deepEqual(ended.sort(), ['session-1', 'session-2', 'session-3']);
});

test('a session that the server forgot is begun anew, and the call is sent once more', async () => {
  const { leg, upstream } = await legToScript((message, res, session) =>
    session === 'session-2' ? void res.writeHead(404).end() : answer(message, res, session),
  );
  resultOf(await leg.relay(await callTool('t'), never));
  assert.equal(upstream.seen.filter(({ method }) => method === 'POST initialize').length, 3);
});

test('a call that the server forgot after it had begun is not sent again', async () => {
  let calls = 0;
  const { leg } = await legToScript((message, res) => {
    if (message['method'] === 'tools/call') calls++;
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.end(sseEvent(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: {} })));
  });
  assert.equal(refusalOf(await leg.relay(await callTool('t'), never)).code, 'upstream_failed');
  assert.equal(calls, 1);
});

test('aborting a call tells the server, since a closed stream means nothing to it', async () => {
  const { leg, upstream } = await legToScript((_message, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.flushHeaders();
  });
  const caller = new AbortController();
  const reply = leg.relay(await callTool('t'), caller.signal);
  const sent = (method: string): (typeof upstream.seen)[number] | undefined =>
    upstream.seen.find((one) => one.method === `POST ${method}`);
  await eventually('the call', () => sent('tools/call') !== undefined);
  caller.abort();
  assert.equal(refusalOf(await reply).code, 'cancelled');
  await eventually('the cancellation', () => sent('notifications/cancelled') !== undefined);
  const [call, cancel] = [sent('tools/call'), sent('notifications/cancelled')];
  assert.equal(objectMember(cancel?.message, 'params')?.['requestId'], call?.message['id']);
});

test('several questions at once are put to the client together', async () => {
  let open: ServerResponse | undefined;
  const answers: JsonObject[] = [];
  const { leg } = await legToScript((message, res) => {
    if (message['method'] === undefined) {
      answers.push(message);
      if (answers.length === 2)
        open?.end(sseEvent(JSON.stringify({ jsonrpc: '2.0', id: 2, result: { content: [] } })));
      return;
    }
    open = res;
    assert.equal(message['id'], 2);
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const method of ['roots/list', 'elicitation/create']) {
      res.write(sseEvent(JSON.stringify({ jsonrpc: '2.0', id: method, method, params: {} })));
    }
    res.write(sseEvent(JSON.stringify({ jsonrpc: '2.0', id: 'p', method: 'ping' })));
  });
  const first = await leg.relay(await callTool('t', {}, { capabilities: asks }), never);
  const { state, questions } = questionsOf(first);
  assert.deepEqual(
    Object.values(questions).map(({ method }) => method),
    ['roots/list', 'elicitation/create'],
  );
  // The ping was answered by the gateway itself.
  answers.length = 0;
  const responses = Object.fromEntries(Object.keys(questions).map((key) => [key, { key }]));
  resultOf(await leg.relay(await retryOf('t', state, responses), never));
  assert.deepEqual(
    answers.map(({ id, result }) => [id, (result as JsonObject)['key']]),
    [
      ['roots/list', Object.keys(questions)[0]],
      ['elicitation/create', Object.keys(questions)[1]],
    ],
  );
});

test('a URL elicitation that the server demands by error becomes a question', async () => {
  const { leg } = await legToScript((message, res) => {
    const elicitations = [{ mode: 'url', elicitationId: 'e', url: 'https://example.com', message: 'log in' }];
    res.writeHead(200, { 'content-type': 'application/json' });
    const error = { code: -32042, message: 'needed', data: { elicitations } };
    res.end(JSON.stringify({ jsonrpc: '2.0', id: message['id'], error }));
  });
  const reply = await leg.relay(await callTool('t', {}, { capabilities: asks }), never);
  const [question] = Object.values(resultOf(reply)['inputRequests'] as Record<string, JsonObject>);
  assert.deepEqual(question, {
    method: 'elicitation/create',
    params: { mode: 'url', message: 'log in', url: 'https://example.com' },
  });
});

test('a call ends when its time is over, and the server is told', async () => {
  const { leg, upstream } = await legToScript(() => undefined, { callMs: 150 });
  assert.equal(refusalOf(await leg.relay(await callTool('t'), never)).code, 'upstream_timeout');
  await eventually('the cancellation', () =>
    upstream.seen.some(({ method }) => method === 'POST notifications/cancelled'),
  );
});

test('an old verdict is asked again', async () => {
  const { leg } = await legToScript(answer);
  leg.verdicts.remember(server, { era: 'legacy', transport: 'http', at: Date.now() - 25 * 3_600_000 });
  resultOf(await leg.relay(await callTool('t'), never));
  assert.ok(Date.now() - (leg.verdicts.kept.get(server)?.at ?? 0) < 10_000);
});
