import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { arrayMember, type JsonObject, objectMember, stringMember } from '../../src/model/json.ts';
import { connectSession, connectSse } from './bench/era-client.ts';
import { benchGateway } from './bench/gateway.ts';
import { type Answered, exchange, open } from './bench/http.ts';
import { type ModernClient, modernClient } from './bench/modern-client.ts';
import { modernUpstream, tool } from './bench/modern-upstream.ts';
import { guestReadsOnly } from './bench/policies.ts';
import { sessionSample, stdioSample } from './bench/sample-upstreams.ts';
import type { Received } from './bench/scripted-upstream.ts';
import { verifies } from './verifies.ts';

const directory = await mkdtemp(join(tmpdir(), 'bartizan-isolation-'));
after(() => rm(directory, { recursive: true, force: true }));

const question = {
  method: 'elicitation/create',
  params: { mode: 'form', message: 'sure?', requestedSchema: { type: 'object', properties: {} } },
};
const state = 'state \u00e9 of "files"';
const asking = (received: Received): JsonObject => ({
  resultType: 'input_required',
  inputRequests: { sure: question },
  requestState: state,
  seen: received.connection,
});
const upstream = await modernUpstream(
  { after },
  {
    tools: [tool('read'), tool('write'), tool('ask')],
    resources: [{ uri: 'file:///a', name: 'a' }],
    on: {
      'tools/call': (received, answer) => {
        const { name, inputResponses } = objectMember(received.message, 'params') ?? {};
        const asks = name === 'ask' && inputResponses === undefined;
        answer.result(asks ? asking(received) : { resultType: 'complete', content: [] });
      },
      'resources/read': (_, answer) =>
        answer.result({ resultType: 'complete', contents: [], ttlMs: 60_000, cacheScope: 'public' }),
    },
  },
);
const many = await modernUpstream(
  { after },
  { tools: Array.from({ length: 1200 }, (_, n) => tool(`tool-${n}`)) },
);
const session = await sessionSample({ after });
const gateway = await benchGateway(
  { after },
  {
    servers: {
      files: upstream.url,
      other: upstream.url,
      many: many.url,
      session: { url: session.url, transport: 'http', era: 'legacy' },
      process: stdioSample('legacy', join(directory, 'process.jsonl')),
    },
    policy: guestReadsOnly,
  },
);
const tokens = {
  ann: await gateway.token({ agent: 'ann' }),
  bob: await gateway.token({ agent: 'bob' }),
  guest: await gateway.token({ agent: 'guest' }),
};
const capabilities = { elicitation: {} };

function as(agent: keyof typeof tokens, path = '/mcp/files'): Promise<ModernClient> {
  return modernClient(gateway, { path, token: tokens[agent], capabilities });
}

function errorCode({ message }: Answered): unknown {
  return objectMember(message, 'error')?.['code'];
}

function resultOf({ message }: Answered): JsonObject {
  return objectMember(message, 'result') ?? {};
}

function toolNames(answer: Answered): readonly unknown[] | undefined {
  return arrayMember(resultOf(answer), 'tools')?.map((item) => (item as JsonObject)['name']);
}

const [ann, bob, guest] = [await as('ann'), await as('bob'), await as('guest')];
const ask = { name: 'ask', arguments: { x: 1 } };

/** Asks once, and gives the sealed state that came back. */
async function sealedState(client = ann, params: JsonObject = ask): Promise<string> {
  const answer = await client.send('tools/call', params);
  assert.equal(resultOf(answer)['resultType'], 'input_required', answer.text);
  return stringMember(resultOf(answer), 'requestState') ?? '';
}

const yes = { inputResponses: { sure: { action: 'accept', content: {} } } };

/** Asserts that a retry is refused and that the upstream did not hear of it. */
async function refusedRetry(client: ModernClient, params: JsonObject): Promise<void> {
  const before = upstream.calls('tools/call').length;
  const answer = await client.send('tools/call', params);
  assert.deepEqual([answer.status, errorCode(answer)], [200, -32602], answer.text);
  assert.equal(upstream.calls('tools/call').length, before);
}

verifies(
  ['M2', 'M6'],
  'the state that a client sees is sealed, and comes back to its upstream exactly',
  async () => {
    const requestState = await sealedState();
    assert.ok(!Buffer.from(requestState, 'base64url').toString('latin1').includes('files'));
    assert.notEqual(requestState, await sealedState(), 'two seals of one state are the same');
    const answer = await ann.send('tools/call', { ...ask, ...yes, requestState });
    assert.equal(resultOf(answer)['resultType'], 'complete', answer.text);
    const retry = upstream.calls('tools/call').at(-1)?.message;
    assert.equal(objectMember(retry, 'params')?.['requestState'], state);
    assert.deepEqual(objectMember(retry, 'params')?.['inputResponses'], yes.inputResponses);
  },
);

verifies('M2', 'the state of one principal does not open for another', async () => {
  await refusedRetry(bob, { ...ask, ...yes, requestState: await sealedState() });
});

verifies(
  'M2',
  'the state of one call does not open for another tool, other arguments or another server',
  async () => {
    const requestState = await sealedState();
    await refusedRetry(ann, { name: 'write', arguments: { x: 1 }, ...yes, requestState });
    await refusedRetry(ann, { name: 'ask', arguments: { x: 2 }, ...yes, requestState });
    await refusedRetry(ann, { name: 'ask', ...yes, requestState });
    await refusedRetry(await as('ann', '/mcp/other'), { ...ask, ...yes, requestState });
    await refusedRetry(await as('ann', '/mcp'), { ...ask, name: 'files__ask', ...yes, requestState });
  },
);

verifies('M2', 'numbers that a double cannot tell apart are different arguments', async () => {
  const body = (n: string, more: string): string =>
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask","arguments":{"n":${n}}${more},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}}}`;
  const first = await ann.bytes(body('9007199254740993', ''), 'tools/call', 'ask');
  const more = `,"inputResponses":{},"requestState":${JSON.stringify(resultOf(first)['requestState'])}`;
  const swapped = await ann.bytes(body('9007199254740992', more), 'tools/call', 'ask');
  assert.equal(errorCode(swapped), -32602, swapped.text);
  assert.equal((await ann.bytes(body('9007199254740993', more), 'tools/call', 'ask')).status, 200);
});

verifies('M2', 'state that was altered, cut, extended or made up is refused', async () => {
  const requestState = await sealedState();
  const flipped = (at: number): string => {
    const letter = requestState.charAt(at) === 'A' ? 'B' : 'A';
    return requestState.slice(0, at) + letter + requestState.slice(at + 1);
  };
  for (const at of [0, 1, 20, 40, requestState.length >> 1, requestState.length - 4])
    await refusedRetry(ann, { ...ask, ...yes, requestState: flipped(at) });
  for (const made of ['', 'x', state, requestState.slice(0, -4), `${requestState}AAAA`, `${requestState}=`])
    await refusedRetry(ann, { ...ask, ...yes, requestState: made });
  await refusedRetry(ann, { ...ask, ...yes, requestState: null });
});

verifies('M2', 'state of another gateway is refused', async (t) => {
  const foreign = await benchGateway(t, { servers: { files: upstream.url } });
  const there = await modernClient(foreign, {
    path: '/mcp/files',
    token: await foreign.token({ agent: 'ann' }),
    capabilities,
  });
  await refusedRetry(ann, { ...ask, ...yes, requestState: await sealedState(there) });
});

verifies('M2', 'state ends after ten minutes', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const own = await benchGateway(t, { servers: { files: upstream.url } });
  const client = await modernClient(own, {
    path: '/mcp/files',
    token: await own.token({ ttlSeconds: 3600 }),
    capabilities,
  });
  const requestState = await sealedState(client);
  t.mock.timers.setTime(Date.now() + 599_000);
  assert.equal((await client.send('tools/call', { ...ask, ...yes, requestState })).status, 200);
  t.mock.timers.setTime(Date.now() + 2_000);
  await refusedRetry(client, { ...ask, ...yes, requestState });
});

verifies('M3', 'the policy is asked again on a retry', async (t) => {
  const policy = `permit (principal, action, resource);
    forbid (principal, action == Action::"files:ask", resource)
    when { context.user.roles.contains("late") && context.arguments has x && context.arguments.x == 1 };`;
  const own = await benchGateway(t, { servers: { files: upstream.url }, policy });
  const early = await modernClient(own, { path: '/mcp/files', token: await own.token(), capabilities });
  const late = await modernClient(own, {
    path: '/mcp/files',
    token: await own.token({ roles: ['late'] }),
    capabilities,
  });
  const requestState = await sealedState(early);
  const before = upstream.calls('tools/call').length;
  const answer = await late.send('tools/call', { ...ask, ...yes, requestState });
  assert.equal(resultOf(answer)['isError'], true, answer.text);
  assert.match(answer.text, /policy_denied/);
  assert.equal(upstream.calls('tools/call').length, before);
});

verifies('M1', 'a question of a kind that the client did not declare does not reach it', async () => {
  const mute = await modernClient(gateway, { path: '/mcp/files', token: tokens.ann });
  const answer = await mute.send('tools/call', ask);
  assert.deepEqual([answer.status, errorCode(answer)], [400, -32021], answer.text);
  const data = objectMember(objectMember(answer.message, 'error'), 'data');
  assert.deepEqual(data?.['requiredCapabilities'], { elicitation: {} });
  assert.doesNotMatch(answer.text, /sure\?/);
});

verifies(['K1', 'K3'], '`input_required` carries no cache hints', async () => {
  const result = resultOf(await ann.send('tools/call', ask));
  assert.deepEqual([result['ttlMs'], result['cacheScope']], [undefined, undefined]);
});

verifies(['K1', 'K2'], 'every cacheable answer carries its hints, and is private', async () => {
  for (const [method, params] of [
    ['server/discover', {}],
    ['tools/list', {}],
    ['resources/list', {}],
    ['resources/templates/list', {}],
    ['prompts/list', {}],
    ['resources/read', { uri: 'file:///a' }],
  ] as const) {
    const result = resultOf(await ann.send(method, params));
    assert.equal(result['cacheScope'], 'private', method);
    assert.ok(Number.isSafeInteger(result['ttlMs']), method);
  }
});

verifies('K1', "an answer is not fresh for longer than its caller's token", async () => {
  const brief = await modernClient(gateway, {
    path: '/mcp/files',
    token: await gateway.token({ agent: 'ann', ttlSeconds: 5 }),
  });
  const result = resultOf(await brief.send('resources/read', { uri: 'file:///a' }));
  assert.ok(Number(result['ttlMs']) <= 5_000, String(result['ttlMs']));
});

verifies(
  'D2',
  'a list shows each principal what it could be permitted, in the order of the server',
  async () => {
    assert.deepEqual(toolNames(await ann.send('tools/list')), ['read', 'write', 'ask']);
    assert.deepEqual(toolNames(await guest.send('tools/list')), ['read']);
    assert.deepEqual(toolNames(await ann.send('tools/list')), ['read', 'write', 'ask']);
  },
);

verifies('D2', 'a list does not vary by connection or by what the client says of itself', async () => {
  const first = await ann.send('tools/list', {}, { id: 1 });
  const meta = { 'io.modelcontextprotocol/clientInfo': { name: 'admin', version: '9' } };
  assert.equal((await ann.send('tools/list', {}, { id: 1, meta })).text, first.text);
});

verifies('D6', 'one name on two servers is two names on the aggregate endpoint', async () => {
  const names = toolNames(await (await as('guest', '/mcp')).send('tools/list'));
  assert.deepEqual(names, ['files__read']);
  const all = toolNames(await (await as('ann', '/mcp')).send('tools/list')) ?? [];
  assert.ok(all.includes('files__read') && all.includes('other__read'));
  assert.equal(new Set(all).size, all.length);
});

verifies(
  ['K2', 'A13'],
  'pages join to the whole list, and a cursor serves its own principal, list and endpoint alone',
  async () => {
    const [mine, theirs] = [await as('ann', '/mcp/many'), await as('bob', '/mcp/many')];
    const first = await mine.send('tools/list');
    const cursor = stringMember(resultOf(first), 'nextCursor') ?? '';
    assert.equal(toolNames(first)?.length, 500);
    const second = await mine.send('tools/list', { cursor });
    assert.equal(toolNames(second)?.[0], 'tool-500');
    assert.equal(resultOf(second)['cacheScope'], resultOf(first)['cacheScope']);
    for (const stolen of [
      await theirs.send('tools/list', { cursor }),
      await ann.send('tools/list', { cursor }),
      await mine.send('prompts/list', { cursor }),
      await mine.send('tools/list', { cursor: `${cursor}A` }),
      await mine.send('tools/list', { cursor: '500' }),
    ])
      assert.deepEqual([stolen.status, errorCode(stolen)], [200, -32602], stolen.text);
  },
);

verifies(
  'K3',
  'what one principal was listed is fetched anew for another, over another connection',
  async (t) => {
    const own = await modernUpstream(t, { tools: [tool('read')] });
    const behind = await benchGateway(t, { servers: { files: own.url } });
    for (const agent of ['ann', 'bob', 'ann', 'bob']) {
      const client = await modernClient(behind, { token: await behind.token({ agent }), path: '/mcp/files' });
      await client.send('tools/call', { name: 'read', arguments: { agent } });
    }
    assert.equal(own.calls('tools/list').length, 2);
    const connectionsOf = (agent: string): ReadonlySet<number> =>
      new Set(
        own
          .calls('tools/call')
          .filter(({ text }) => text.includes(`"agent":"${agent}"`))
          .map(({ connection }) => connection),
      );
    for (const connection of connectionsOf('ann')) assert.ok(!connectionsOf('bob').has(connection));
    assert.equal(own.calls('tools/call').length, 4);
  },
);

const approach = (
  agent: keyof typeof tokens,
  path = '/mcp/session',
): { readonly path: string; readonly token: string } => ({
  path,
  token: tokens[agent],
});

verifies(
  ['L1', 'A13'],
  'a session does not exist for another principal, another endpoint, or nobody',
  async () => {
    const mine = await connectSession(gateway, '2025-11-25', approach('ann'));
    const body = JSON.stringify({ jsonrpc: '2.0', id: 9, method: 'tools/list' });
    const tried = async (
      change: Readonly<Record<string, string | undefined>>,
      path = '/mcp/session',
      method = 'POST',
    ): Promise<number> =>
      (
        await exchange(gateway.port, {
          method,
          path,
          headers: { ...mine.headers, ...change },
          ...(method === 'POST' && { body }),
        })
      ).status;
    assert.equal(await tried({}), 200);
    assert.equal(await tried({ authorization: `Bearer ${tokens.bob}` }), 404);
    assert.equal(await tried({ authorization: undefined }), 401);
    assert.equal(await tried({ authorization: 'Bearer nonsense' }), 401);
    assert.equal(await tried({}, '/mcp/files'), 404);
    assert.equal(await tried({ 'mcp-session-id': `${mine.id}x` }), 404);
    assert.equal(await tried({ authorization: `Bearer ${tokens.bob}` }, '/mcp/session', 'DELETE'), 404);
    assert.equal(await tried({ authorization: `Bearer ${tokens.bob}` }, '/mcp/session', 'GET'), 404);
    assert.equal(await tried({}), 200, 'the session did not survive the attempts of others');
    assert.ok([200, 204].includes(await tried({}, '/mcp/session', 'DELETE')));
    assert.equal(await tried({}), 404);
  },
);

verifies('L1', 'session ids are long, random and visible ASCII', async () => {
  const ids = await Promise.all(
    [1, 2, 3].map(async () => (await connectSession(gateway, '2025-11-25', approach('ann'))).id),
  );
  assert.equal(new Set(ids).size, 3);
  for (const id of ids) assert.match(id, /^[\x21-\x7e]{43,}$/);
});

verifies(
  ['L1', 'L3', 'A13'],
  'the session of an HTTP+SSE client takes messages of its own principal alone',
  async () => {
    const mine = await connectSse(gateway, approach('ann'));
    const body = JSON.stringify({ jsonrpc: '2.0', id: 99, method: 'tools/list' });
    for (const [authorization, status] of [
      [`Bearer ${tokens.bob}`, 404],
      [undefined, 401],
    ] as const) {
      const headers = { 'content-type': 'application/json', authorization };
      assert.equal((await exchange(gateway.port, { path: mine.messages, headers, body })).status, status);
    }
    assert.ok((await mine.request('tools/list')).response['result']);
    mine.close();
  },
);

verifies(
  ['L1', 'L4'],
  'two principals never share a session or a connection of a legacy upstream',
  async () => {
    const seen = new Map<string, Set<string>>();
    for (const agent of ['ann', 'bob', 'ann', 'bob'] as const) {
      const before = session.requests.length;
      await (await as(agent, '/mcp/session')).send('tools/call', { name: 'echo', arguments: {} });
      for (const { headers, connection } of session.requests.slice(before)) {
        const keys = [
          `connection ${connection}`,
          ...(headers['mcp-session-id'] === undefined ? [] : [String(headers['mcp-session-id'])]),
        ];
        for (const key of keys) seen.set(key, (seen.get(key) ?? new Set()).add(agent));
      }
    }
    assert.ok(seen.size > 1);
    for (const [key, agents] of seen)
      assert.equal(agents.size, 1, `${key} served ${[...agents].join(' and ')}`);
  },
);

verifies('L4', 'two principals never share a process', async () => {
  for (const agent of ['ann', 'bob', 'ann', 'bob'] as const) {
    const answer = await (await as(agent, '/mcp/process')).send('tools/call', {
      name: 'echo',
      arguments: { agent },
    });
    assert.equal(answer.status, 200, answer.text);
  }
  const lines = (await readFile(join(directory, 'process.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as JsonObject);
  const pidsOf = (agent: string): ReadonlySet<unknown> =>
    new Set(lines.filter(({ line }) => String(line).includes(`"agent":"${agent}"`)).map(({ pid }) => pid));
  assert.equal(pidsOf('ann').size, 1);
  for (const pid of pidsOf('ann')) assert.ok(!pidsOf('bob').has(pid));
});

verifies(
  ['M2', 'L2'],
  'a suspended call of a legacy server resumes for its principal alone, and once',
  async () => {
    const mine = await as('ann', '/mcp/session');
    const call = { name: 'ask', arguments: {} };
    const asked = resultOf(await mine.send('tools/call', call));
    const names = Object.keys(objectMember(asked, 'inputRequests') ?? {});
    const accept = { action: 'accept', content: { name: 'Ada' } };
    const retry = {
      ...call,
      requestState: asked['requestState'] ?? '',
      inputResponses: Object.fromEntries(names.map((name) => [name, accept])),
    };
    assert.equal(errorCode(await (await as('bob', '/mcp/session')).send('tools/call', retry)), -32602);
    assert.match((await mine.send('tools/call', retry)).text, /hello Ada/);
    const replayed = await mine.send('tools/call', retry);
    assert.doesNotMatch(replayed.text, /hello Ada/);
    assert.ok(errorCode(replayed) !== undefined || resultOf(replayed)['isError'] === true, replayed.text);
  },
);

verifies('A13', 'neither a session nor a state nor a cursor stands in for a token', async () => {
  const requestState = await sealedState();
  const mine = await connectSession(gateway, '2025-11-25', approach('ann'));
  const headers = { authorization: undefined, 'mcp-session-id': mine.id };
  const answer = await ann.send('tools/call', { ...ask, ...yes, requestState }, { headers });
  assert.equal(answer.status, 401, answer.text);
  const stream = await open(gateway.port, {
    method: 'GET',
    path: '/mcp/session',
    headers: { accept: 'text/event-stream', 'mcp-session-id': mine.id },
  });
  assert.equal(stream.response.statusCode, 401);
  stream.drop();
});
