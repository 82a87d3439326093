import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../../src/model/json.ts';
import { refuse } from '../../src/model/refusal.ts';
import { eventually } from '../eventually.ts';
import { listeningFront, type Script } from './listening-front.ts';
import { modernBody } from './modern-message.ts';
import { legacyClient, type Message, postAlone } from './stream-client.ts';

const discovered: JsonObject = {
  supportedVersions: ['2026-07-28'],
  capabilities: { tools: { listChanged: true }, logging: {}, extensions: { 'x/y': {} } },
  instructions: 'be kind',
  ttlMs: 0,
  cacheScope: 'private',
  _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'gateway', version: '1' } },
};

/** Answers `server/discover` and leaves the rest to the script. */
const after =
  (script: Script): Script =>
  (call, way) =>
    call.method === 'server/discover' ? discovered : script(call, way);

const echo: Script = after((call) => ({
  content: [],
  ttlMs: 5,
  method: call.method,
  name: call.target ?? '',
}));
const toolCall = (id: number | string, name = 'a'): object => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: {} },
});

const versions: readonly (readonly [asked: string, agreed: string])[] = [
  ['2025-11-25', '2025-11-25'],
  ['2025-06-18', '2025-06-18'],
  ['2025-03-26', '2025-03-26'],
  ['2024-11-05', '2024-11-05'],
  ['2024-10-07', '2025-11-25'],
  ['2026-07-28', '2025-11-25'],
];

for (const [asked, agreed] of versions) {
  test(`begins a session of ${agreed} for a client that asks for ${asked}`, async (t) => {
    const front = await listeningFront(t, echo);
    const client = await legacyClient(front.port, { revision: asked });
    assert.match(client.session, /^[\w-]{43}$/);
    assert.deepEqual(client.initialized['result'], {
      protocolVersion: agreed,
      capabilities: { tools: { listChanged: true }, logging: {} },
      serverInfo: { name: 'gateway', version: '1' },
      instructions: 'be kind',
    });
    assert.equal(front.calls[0]?.method, 'server/discover');
  });
}

test('serves calls of a session with what the session knows of its client', async (t) => {
  const front = await listeningFront(t, echo);
  const client = await legacyClient(front.port, { revision: '2025-06-18', capabilities: { roots: {} } });
  assert.equal((await client.post({ jsonrpc: '2.0', method: 'notifications/initialized' })).status, 202);
  const level = await client.post({
    jsonrpc: '2.0',
    id: 1,
    method: 'logging/setLevel',
    params: { level: 'warning' },
  });
  assert.deepEqual(JSON.parse(await level.text()), { jsonrpc: '2.0', id: 1, result: {} });
  const answer = await client.post(toolCall(2));
  assert.deepEqual(JSON.parse(await answer.text()), {
    jsonrpc: '2.0',
    id: 2,
    result: { content: [], method: 'tools/call', name: 'a' },
  });
  assert.deepEqual(front.calls.at(-1)?.client, {
    revision: '2025-06-18',
    capabilities: { roots: {} },
    info: { name: 'test', version: '1' },
    logLevel: 'warning',
  });
  const ping = await client.post({ jsonrpc: '2.0', id: 3, method: 'ping' });
  assert.equal(ping.status, 200);
  assert.equal(front.calls.at(-1)?.method, 'ping');
});

test('forwards the very bytes of a legacy call', async (t) => {
  const front = await listeningFront(t, echo);
  const client = await legacyClient(front.port);
  const body =
    '{ "jsonrpc":"2.0", "id":1,"method":"tools/call","params":{"name":"a","arguments":{"n":9007199254740993}} }';
  await client.post(body);
  assert.equal(Buffer.from(front.calls.at(-1)!.document.bytes).toString(), body);
});

test('answers a session of somebody else exactly as one that does not exist', async (t) => {
  const front = await listeningFront(t, echo);
  const client = await legacyClient(front.port);
  const other = { authorization: 'Bearer bob' };
  const seen: string[] = [];
  for (const session of [client.session, 'A'.repeat(43)]) {
    for (const ask of [
      () => client.post(toolCall(1), { ...other, 'mcp-session-id': session }),
      () => client.get({ ...other, 'mcp-session-id': session }),
      () => client.end({ ...other, 'mcp-session-id': session }),
      () =>
        client.post(
          { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } },
          { ...other, 'mcp-session-id': session },
        ),
    ]) {
      const answer = await ask();
      const text = (await answer.text()).replace(front.outcomes.at(-1)!.decisionId, 'D');
      seen.push(`${answer.status} ${text}`);
    }
  }
  assert.ok(seen.every((text) => text.startsWith('404 ') && text.includes('session_unknown')));
  assert.deepEqual(seen.slice(0, 4), seen.slice(4));
  assert.equal((await client.post(toolCall(2))).status, 200);
  assert.equal(front.calls.filter(({ method }) => method === 'tools/call').length, 1);
});

test('does not take a session to another endpoint', async (t) => {
  const front = await listeningFront(t, echo);
  const aggregate = await legacyClient(front.port);
  const files = await legacyClient(front.port, { path: '/mcp/files' });
  assert.equal((await files.post(toolCall(1), { 'mcp-session-id': aggregate.session })).status, 404);
  assert.equal((await files.post(toolCall(1))).status, 200);
});

test('does not take a session id for a token', async (t) => {
  const front = await listeningFront(t, echo);
  const client = await legacyClient(front.port);
  assert.equal((await client.post(toolCall(1), { authorization: 'Bearer bad' })).status, 401);
});

type Fault = readonly [
  name: string,
  message: object,
  headers: Record<string, string>,
  status: number,
  denial: string,
];
const faults: readonly Fault[] = [
  ['a call without a session', toolCall(1), {}, 400, 'session_required'],
  [
    'a call with an older version and no session',
    toolCall(1),
    { 'mcp-protocol-version': '2025-06-18' },
    400,
    'session_required',
  ],
  [
    'a modern header that says another method',
    toolCall(1),
    { 'mcp-method': 'tools/list' },
    400,
    'header_mismatch',
  ],
  ['a modern header that says another name', toolCall(1), { 'mcp-name': 'b' }, 400, 'header_mismatch'],
  [
    'a modern name on a method without one',
    { jsonrpc: '2.0', id: 1, method: 'ping' },
    { 'mcp-name': 'b' },
    400,
    'header_mismatch',
  ],
  [
    'an unknown version in a session',
    toolCall(1),
    { 'mcp-protocol-version': '1999-01-01', 'mcp-session-id': 'x' },
    400,
    'unsupported_version',
  ],
  [
    'initialize without a version',
    { jsonrpc: '2.0', id: 1, method: 'initialize', params: { capabilities: {} } },
    {},
    200,
    'invalid_params',
  ],
  ['a response without a session', { jsonrpc: '2.0', id: 1, result: {} }, {}, 400, 'session_required'],
  ['a fraction as id', { jsonrpc: '2.0', id: 1.5, method: 'ping' }, {}, 400, 'invalid_request'],
];

for (const [name, message, headers, status, denial] of faults) {
  test(`refuses ${name} as ${denial}`, async (t) => {
    const front = await listeningFront(t, echo);
    const answer = await postAlone(front.port, message, headers);
    const { error } = JSON.parse(await answer.text());
    assert.deepEqual([answer.status, error.data.denial], [status, denial]);
    assert.equal(error.data.decision, front.outcomes.at(-1)?.decisionId);
    assert.ok(error.code > -32020 || error.code < -32099, `${error.code} is unknown to older revisions`);
    assert.equal(front.calls.length, 0);
  });
}

test('judges a modern body by the modern rules, whose headers it lacks', async (t) => {
  const front = await listeningFront(t, echo);
  const client = await legacyClient(front.port);
  const body = modernBody('tools/list');
  for (const answer of [await postAlone(front.port, JSON.parse(body)), await client.post(body)]) {
    assert.deepEqual([answer.status, JSON.parse(await answer.text()).error.code], [400, -32020]);
  }
  assert.equal(front.calls.length, 1);
});

test('takes headers of the modern revision that agree with an older message', async (t) => {
  const front = await listeningFront(t, echo);
  const client = await legacyClient(front.port);
  const answer = await client.post(toolCall(1), {
    'mcp-method': 'tools/call',
    'mcp-name': '=?base64?YQ==?=',
  });
  assert.equal(answer.status, 200);
});

test('answers an unknown method in band, because 404 would end the session', async (t) => {
  const front = await listeningFront(t, echo);
  const client = await legacyClient(front.port);
  for (const method of ['x/y', 'server/discover', 'subscriptions/listen', 'tasks/list']) {
    const answer = await client.post({ jsonrpc: '2.0', id: 1, method });
    assert.equal(answer.status, 200);
    assert.equal(JSON.parse(await answer.text()).error.code, -32601);
  }
});

test('ends a session when its client says so', async (t) => {
  const front = await listeningFront(t, echo);
  const client = await legacyClient(front.port);
  const stream = await client.get();
  assert.equal((await client.end()).status, 204);
  assert.equal((await client.post(toolCall(1))).status, 404);
  assert.equal((await client.end()).status, 404);
  assert.equal(await stream.next(), undefined);
});

test('forgets a session that nobody used for its idle time', async (t) => {
  const front = await listeningFront(t, echo, { limits: { sessionIdleSeconds: 0.1 } });
  const client = await legacyClient(front.port);
  assert.equal((await client.post(toolCall(1))).status, 200);
  await sleep(300);
  assert.equal((await client.post(toolCall(2))).status, 404);
});

test('makes room for a new session by ending the oldest idle one of the same principal', async (t) => {
  const front = await listeningFront(t, echo, { limits: { sessionsPerPrincipal: 2 } });
  const bob = await legacyClient(front.port, { user: 'bob' });
  const clients = [
    await legacyClient(front.port),
    await legacyClient(front.port),
    await legacyClient(front.port),
  ];
  const statuses = await Promise.all(
    [bob, ...clients].map(async (client) => (await client.post(toolCall(1))).status),
  );
  assert.deepEqual(statuses, [200, 404, 200, 200]);
});

test('does not cancel the call of a legacy client that goes away', async (t) => {
  let aborted = false;
  const gate = Promise.withResolvers<void>();
  const began = Promise.withResolvers<void>();
  const front = await listeningFront(
    t,
    after(async (_, { signal, notify }) => {
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      await notify({
        jsonrpc: '2.0',
        method: 'notifications/progress',
        params: { progressToken: 1, progress: 1 },
      });
      began.resolve();
      await gate.promise;
      return {};
    }),
  );
  const client = await legacyClient(front.port);
  const answer = await client.post(toolCall(1));
  await began.promise;
  answer.leave();
  await sleep(30);
  assert.equal(aborted, false);
  gate.resolve();
  await eventually('the answer', () => front.outcomes.at(-1)?.kind === 'released');
});

test('cancels a call when its own client says so', async (t) => {
  const front = await listeningFront(
    t,
    after(async (_, { signal }) => {
      await once(signal, 'abort');
      return refuse('cancelled', 'by the client');
    }),
  );
  const client = await legacyClient(front.port);
  const answer = client.post(toolCall('1'));
  await eventually('both calls', () => front.calls.length === 2);
  const cancel = (requestId: string | number): Promise<unknown> =>
    client.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } });
  await cancel(1);
  assert.equal(front.outcomes.length, 1);
  await cancel('1');
  assert.equal(JSON.parse(await (await answer).text()).result.isError, true);
});

test('refuses a second call under an id that is still in use', async (t) => {
  const gate = Promise.withResolvers<JsonObject>();
  const front = await listeningFront(
    t,
    after(() => gate.promise),
  );
  const client = await legacyClient(front.port);
  const first = client.post(toolCall(1));
  await eventually('both calls', () => front.calls.length === 2);
  assert.equal((await client.post(toolCall(1))).status, 400);
  gate.resolve({});
  assert.equal((await first).status, 200);
});

test('listens for changes while the stream of a session is open, and anew when it subscribes', async (t) => {
  const wanted: unknown[] = [];
  const front = await listeningFront(
    t,
    after(async ({ params }, { notify, signal }) => {
      wanted.push((params['notifications'] as JsonObject)['resourceSubscriptions']);
      const _meta = { 'io.modelcontextprotocol/subscriptionId': 'x' };
      await notify({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { _meta } });
      await notify({ jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta } });
      await once(signal, 'abort');
      return {};
    }),
  );
  const client = await legacyClient(front.port);
  const stream = await client.get();
  assert.equal(stream.header('content-type'), 'text/event-stream');
  const changed = { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: {} };
  assert.deepEqual(await stream.json(), changed);
  const subscribe = (method: string): Promise<unknown> =>
    client.post({ jsonrpc: '2.0', id: 5, method, params: { uri: 'files+file:///a' } });
  await subscribe('resources/subscribe');
  assert.deepEqual(await stream.json(), changed);
  await subscribe('resources/unsubscribe');
  assert.deepEqual(await stream.json(), changed);
  assert.deepEqual(wanted, [[], ['files+file:///a'], []]);
  stream.leave();
  await sleep(30);
  assert.equal(wanted.length, 3);
});

test('does not ask again and again for changes that the policy refuses', async (t) => {
  const front = await listeningFront(
    t,
    after(() => refuse('policy_denied', 'no')),
  );
  const client = await legacyClient(front.port);
  const stream = await client.get();
  await sleep(600);
  assert.equal(front.calls.length, 2);
  stream.leave();
});

const elicitation = {
  method: 'elicitation/create',
  params: { mode: 'form', message: 'sure?', requestedSchema: { type: 'object' } },
};
const asks: Script = after(({ params }) => {
  const responses = params['inputResponses'] as JsonObject | undefined;
  if (responses !== undefined) return { content: [], responses, state: params['requestState'] ?? '' };
  return {
    resultType: 'input_required',
    inputRequests: { a: elicitation, b: { method: 'roots/list' } },
    requestState: 's1',
  };
});

test('asks a legacy client by requests on the stream of its call, and calls again with the answers', async (t) => {
  const front = await listeningFront(t, asks);
  const client = await legacyClient(front.port, { capabilities: { elicitation: {}, roots: {} } });
  const answer = await client.post(toolCall(1));
  const questions: Message[] = [];
  while (questions.length < 2) questions.push(await answer.json());
  assert.deepEqual(
    questions.map(({ method }) => method),
    ['elicitation/create', 'roots/list'],
  );
  assert.deepEqual(questions[0]!['params'], elicitation.params);
  assert.notEqual(questions[0]!['id'], questions[1]!['id']);
  const reply = async (index: number, result: object, more = {}): Promise<number> =>
    (await client.post({ jsonrpc: '2.0', id: questions[index]!['id'], result }, more)).status;
  assert.equal(
    await reply(0, { action: 'accept', content: { stolen: true } }, { authorization: 'Bearer bob' }),
    404,
  );
  assert.equal(await reply(1, { roots: [] }), 202);
  assert.equal(await reply(0, { action: 'decline' }), 202);
  const { id, result } = await answer.json();
  assert.equal(id, 1);
  assert.deepEqual(result.responses, { a: { action: 'decline' }, b: { roots: [] } });
  assert.equal(result.state, 's1');
  assert.deepEqual(front.calls.at(-1)?.params['arguments'], {});
  assert.equal(await answer.next(), undefined);
});

test('takes an error in place of an elicitation for a cancelled one', async (t) => {
  const front = await listeningFront(t, asks);
  const client = await legacyClient(front.port, { capabilities: { elicitation: {}, roots: {} } });
  const answer = await client.post(toolCall(1));
  const elicited = await answer.json();
  const rootsAsked = await answer.json();
  await client.post({ jsonrpc: '2.0', id: rootsAsked['id'], result: { roots: [] } });
  await client.post({ jsonrpc: '2.0', id: elicited['id'], error: { code: -1, message: 'closed' } });
  assert.deepEqual((await answer.json())['result'].responses.a, { action: 'cancel' });
});

const unanswerable: readonly (readonly [name: string, capabilities: object, limits: object])[] = [
  ['a client that did not declare the capability', { elicitation: {} }, {}],
  ['a client that does not answer in time', { elicitation: {}, roots: {} }, { askSeconds: 0.1 }],
];

for (const [name, capabilities, limits] of unanswerable) {
  test(`tells the model that ${name} cannot be asked`, async (t) => {
    const front = await listeningFront(t, asks, { limits });
    const client = await legacyClient(front.port, { capabilities });
    const answer = await client.post(toolCall(1));
    const text = await answer.text();
    assert.ok(text.includes('interaction_unavailable') && text.includes('"isError":true'), text);
    assert.ok(!text.includes('resultType'));
    assert.equal(front.calls.filter(({ method }) => method === 'tools/call').length, 1);
  });
}

test('stops a server that asks without end', async (t) => {
  const front = await listeningFront(
    t,
    after(() => ({ resultType: 'input_required', requestState: 'again' })),
    { limits: { askRounds: 2 } },
  );
  const client = await legacyClient(front.port);
  const answer = await client.post(toolCall(1));
  assert.match(await answer.text(), /keeps asking/);
  assert.equal(front.calls.filter(({ method }) => method === 'tools/call').length, 3);
});

test('tells a legacy client of a missing resource in its own code', async (t) => {
  const front = await listeningFront(
    t,
    after(() => refuse('resource_unknown', 'detail')),
  );
  const client = await legacyClient(front.port);
  const answer = await client.post({ jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri: 'x' } });
  assert.equal(JSON.parse(await answer.text()).error.code, -32002);
});

test('splits a batch of 2025-03-26 and decides every message on its own', async (t) => {
  const front = await listeningFront(
    t,
    after(({ target }) => (target === 'bad' ? refuse('policy_denied', 'no') : { content: [] })),
  );
  const client = await legacyClient(front.port, { revision: '2025-03-26' });
  const answer = await client.post([
    toolCall(1),
    toolCall(2, 'bad'),
    { jsonrpc: '2.0', method: 'notifications/x' },
    { jsonrpc: '2.0', id: 3, method: 'x' },
    toolCall(4),
  ]);
  const answers = JSON.parse(await answer.text()) as {
    id: number;
    result?: { isError?: boolean };
    error?: object;
  }[];
  const byId = new Map(answers.map((one) => [one.id, one]));
  assert.deepEqual([...byId.keys()].sort(), [1, 2, 3, 4]);
  assert.equal(byId.get(2)?.result?.isError, true);
  assert.ok(byId.get(3)?.error);
  assert.deepEqual(byId.get(4)?.result, { content: [] });
  const silent = await client.post([{ jsonrpc: '2.0', method: 'notifications/initialized' }]);
  assert.equal(silent.status, 202);
});

test('streams a batch once a member sends something first', async (t) => {
  const front = await listeningFront(
    t,
    after(async ({ target }, { notify }) => {
      const params = { progressToken: 1, progress: 1 };
      if (target === 'a') await notify({ jsonrpc: '2.0', method: 'notifications/progress', params });
      return {};
    }),
  );
  const client = await legacyClient(front.port, { revision: '2025-03-26' });
  const answer = await client.post([toolCall(1), toolCall(2, 'b')]);
  assert.equal((await answer.json())['method'], 'notifications/progress');
  const ids = [(await answer.json())['id'], (await answer.json())['id']];
  assert.deepEqual(ids.sort(), [1, 2]);
  assert.equal(await answer.next(), undefined);
});

const batches: readonly (readonly [name: string, revision: string, body: string, denial: string])[] = [
  [
    'a batch in a later revision',
    '2025-06-18',
    '[{"jsonrpc":"2.0","id":1,"method":"ping"}]',
    'batch_not_allowed',
  ],
  ['an empty batch', '2025-03-26', '[]', 'batch_not_allowed'],
  [
    'a batch with a smuggled name',
    '2025-03-26',
    '[{"jsonrpc":"2.0","id":1,"method":"ping","method":"x"}]',
    'malformed_message',
  ],
  [
    'a batch beyond the limit',
    '2025-03-26',
    `[${Array(40).fill('{"jsonrpc":"2.0","method":"x"}').join(',')}]`,
    'invalid_request',
  ],
];

for (const [name, revision, body, denial] of batches) {
  test(`refuses ${name}`, async (t) => {
    const front = await listeningFront(t, echo);
    const client = await legacyClient(front.port, { revision });
    const answer = await client.post(body);
    assert.equal(answer.status, 400);
    assert.equal(JSON.parse(await answer.text()).error.data.denial, denial);
    assert.equal(front.calls.length, 1);
  });
}
