import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isJsonObject, type JsonObject } from '../../src/model/json.ts';
import { testKey } from '../../src/testing/dpop.ts';
import { connectSession } from '../intermediary/bench/era-client.ts';
import { tool } from '../intermediary/bench/modern-upstream.ts';
import {
  type Attack,
  attacks,
  codeOf,
  decisionOf,
  isRecorded,
  keepsSecrets,
  type RecordedMembers,
  type Told,
} from './attack.ts';
import {
  bound,
  call,
  entry,
  exchange,
  now,
  type Opened,
  openTask,
  provenCall,
  send,
  token,
} from './moves.ts';
import { openStage, type Stage } from './stage.ts';

const stage: Stage = await openStage({ after });
const deny = (denial: string, more: RecordedMembers = {}): RecordedMembers => ({
  decision: 'deny',
  denial,
  ...more,
});
const revoked = {
  status: 401,
  code: 'token_invalid',
  challenge: /error="invalid_token".*revoked/,
  record: deny('token_invalid', { stage: 'identify', detail: /revoked/, 'environment.peer': '127.0.0.1' }),
} as const;

async function end({ token: of, key }: Opened, id: string): Promise<Told> {
  const url = `${stage.url}/tasks/${id}`;
  const dpop = stage.secret(key.proof({ method: 'DELETE', url, token: of, at: now() }));
  return send(url, { method: 'DELETE', headers: { authorization: `DPoP ${of}`, dpop } });
}

/** The owner revokes. */
async function revoke(kind: string, id: string, authorization?: string): Promise<Told> {
  return send(`${stage.url}/revocations`, {
    headers: {
      'content-type': 'application/json',
      authorization: authorization ?? `Bearer ${stage.secret(await stage.owner())}`,
    },
    body: JSON.stringify({ kind, id }),
  });
}

/** A task that is used once, then revoked, then used again. */
function afterRevoking(
  what: string,
  kind: string,
  idOf: (task: Opened) => string,
  subject: () => string,
): Attack {
  return {
    name: `a task token after its ${what} was revoked`,
    run: async () => {
      const task = await openTask(stage, { subject: subject(), details: entry() });
      assert.equal((await provenCall(stage, task.token, task.key)).status, 200);
      assert.equal((await revoke(kind, idOf(task))).status, 200);
      return provenCall(stage, task.token, task.key);
    },
    ...revoked,
    reaches: 1,
  };
}

const inBand = { status: 200 } as const;

attacks(
  () => stage,
  [
    {
      name: 'a task token after its task was completed',
      run: async () => {
        const task = await openTask(stage);
        assert.equal((await end(task, task.id)).status, 200);
        return provenCall(stage, task.token, task.key);
      },
      ...revoked,
    },
    {
      name: 'a token of a child after its parent has ended',
      run: async () => {
        const above = await openTask(stage);
        const below = await openTask(stage, { agent: 'helper', subject: above.token });
        assert.equal((await provenCall(stage, below.token, below.key)).status, 200);
        await end(above, above.id);
        return provenCall(stage, below.token, below.key);
      },
      ...revoked,
      reaches: 1,
    },
    afterRevoking(
      'task',
      'task',
      ({ id }) => id,
      () => token(stage),
    ),
    afterRevoking(
      'user',
      'user',
      () => `${stage.idp.issuer} user-1`,
      () => token(stage, { sub: 'user-1' }),
    ),
    afterRevoking(
      'agent',
      'agent',
      () => 'coder',
      () => token(stage, { sub: 'user-2' }),
    ),
    {
      name: 'a subject token of a revoked user for a new task',
      run: async () => {
        const subject = token(stage, { sub: 'user-3' });
        await revoke('user', `${stage.idp.issuer} user-3`);
        return exchange(stage, { subject, details: entry() });
      },
      status: 400,
      code: 'invalid_grant',
      record: { event: 'task refused', 'facts.code': 'invalid_grant', 'facts.description': /revoked/ },
    },
    {
      name: 'a parent that its child wants to end',
      run: async () => {
        const above = await openTask(stage);
        const below = await openTask(stage, { agent: 'helper', subject: above.token });
        const told = await end(below, above.id);
        assert.equal(told.status, 404);
        assert.equal((await provenCall(stage, above.token, above.key)).status, 200);
        return provenCall(stage, below.token, testKey());
      },
      status: 401,
      code: 'token_invalid',
      challenge: /invalid_token|invalid_dpop_proof/,
      record: deny('token_invalid'),
      reaches: 1,
    },
    {
      name: 'a task of another user that a user wants to end',
      run: async () => {
        const task = await openTask(stage);
        const mallory = token(stage, { sub: 'mallory' });
        const url = `${stage.url}/tasks/${task.id}`;
        const told = await send(url, { method: 'DELETE', headers: { authorization: `Bearer ${mallory}` } });
        const missing = await send(`${stage.url}/tasks/nothing`, {
          method: 'DELETE',
          headers: { authorization: `Bearer ${mallory}` },
        });
        assert.deepEqual(told.body, missing.body);
        assert.equal((await provenCall(stage, task.token, task.key)).status, 200);
        return revoke('task', task.id, `Bearer ${mallory}`);
      },
      status: 403,
      code: 'scope_insufficient',
      record: {
        event: 'task page refused',
        'facts.code': 'scope_insufficient',
        'facts.user': 'mallory',
        'facts.peer': '127.0.0.1',
      },
      reaches: 1,
    },
    {
      name: 'a revocation with the token of a task of the owner',
      run: async () => {
        const subject = stage.secret(await stage.owner());
        const task = await openTask(stage, { subject });
        const url = `${stage.url}/revocations`;
        const dpop = stage.secret(task.key.proof({ method: 'POST', url, token: task.token, at: now() }));
        return send(url, {
          headers: { 'content-type': 'application/json', authorization: `DPoP ${task.token}`, dpop },
          body: JSON.stringify({ kind: 'agent', id: 'helper' }),
        });
      },
      status: 403,
      code: 'scope_insufficient',
      record: { event: 'task page refused', 'facts.code': 'scope_insufficient', 'facts.agent': 'coder' },
    },
    {
      name: 'arguments outside of the constraint of a task',
      run: async () => {
        const task = await openTask(stage, { details: entry({ constraints: { 'args.base': ['main'] } }) });
        return provenCall(stage, task.token, task.key, { args: { base: 'prod' } });
      },
      ...inBand,
      code: 'outside_task',
      record: deny('outside_task', {
        'subject.proof': 'dpop',
        'subject.task.id': /./,
        action: 'github:create_pr',
      }),
    },
    ...(
      [
        {},
        { base: ['main'] },
        { base: { main: 'main' } },
        { Base: 'main' },
        { 'args.base': 'main' },
        { '': { base: 'main' } },
      ] as const
    ).map(
      (args): Attack => ({
        name: `arguments that only look as the constraint wants: ${JSON.stringify(args)}`,
        run: async () => {
          const task = await openTask(stage, { details: entry({ constraints: { 'args.base': ['main'] } }) });
          return provenCall(stage, task.token, task.key, { args });
        },
        ...inBand,
        code: 'outside_task',
        record: deny('outside_task', { 'subject.task.id': /./ }),
      }),
    ),
    {
      name: 'a prototype as the place of a constraint',
      run: async () => {
        const task = await openTask(stage, {
          details: entry({ constraints: JSON.parse('{"args.__proto__.base":["main"]}') as JsonObject }),
        });
        return provenCall(stage, task.token, task.key, { args: { constructor: { base: 'main' } } });
      },
      ...inBand,
      code: 'outside_task',
      record: deny('outside_task'),
    },
    {
      name: 'a call beyond a budget of bytes',
      run: async () => {
        const task = await openTask(stage, { details: entry({ max_bytes: 1_000 }) });
        return provenCall(stage, task.token, task.key, { args: { text: 'x'.repeat(5_000) } });
      },
      ...inBand,
      code: 'budget_exhausted',
      record: deny('budget_exhausted', { 'subject.task.id': /./ }),
    },
    {
      name: 'a child that spends the budget of its parent a second time',
      run: async () => {
        const above = await openTask(stage, { details: entry({ max_calls: 1 }) });
        const below = await openTask(stage, { agent: 'helper', subject: above.token });
        assert.equal(codeOf((await provenCall(stage, below.token, below.key)).body), undefined);
        return provenCall(stage, above.token, above.key);
      },
      ...inBand,
      code: 'budget_exhausted',
      reaches: 1,
      record: deny('budget_exhausted'),
    },
    {
      name: 'a tool whose definition has changed since the task was granted',
      run: async () => {
        const task = await openTask(stage, { details: entry({ actions: ['github:get_file'] }) });
        const at = stage.tools.findIndex(({ name }) => name === 'get_file');
        const before = stage.tools[at] as JsonObject;
        stage.tools[at] = tool('get_file', { description: 'reads a file, and sends it away' });
        try {
          // What its holder lists it is shown as it is now; a call before that is decided by a list of 30 seconds at most.
          assert.equal((await list(task)).status, 200);
          return await provenCall(stage, task.token, task.key, { tool: 'get_file' });
        } finally {
          stage.tools[at] = before;
        }
      },
      ...inBand,
      code: 'tool_changed',
      record: deny('tool_changed', { action: 'github:get_file', 'subject.task.id': /./ }),
    },
    {
      name: 'a token of one server at the endpoint of all',
      run: async () => {
        const task = await openTask(stage);
        return provenCall(stage, task.token, task.key, { path: '/mcp', tool: 'github.create_pr' });
      },
      status: 401,
      code: 'token_invalid',
      challenge: /error="invalid_token"/,
      record: deny('token_invalid', { detail: /the token is for/ }),
    },
  ],
);

test('a tool outside of a task gets the answer of one that does not exist', async () => {
  const task = await openTask(stage);
  const answers = await Promise.all(
    ['merge', 'no_such_tool'].map((name) => provenCall(stage, task.token, task.key, { tool: name })),
  );
  const [outside, missing] = answers.map(({ status, body }) =>
    JSON.stringify({ status, body })
      .replaceAll(/merge|no_such_tool/g, 'X')
      .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id'),
  );
  assert.equal(outside, missing);
  assert.equal(codeOf(answers[0]?.body ?? {}), 'primitive_unknown');
  await isRecorded(stage, {
    decision: 'deny',
    denial: 'primitive_unknown',
    id: decisionOf(answers[0]?.body ?? {}) ?? '',
    'subject.task.id': task.id,
  });
  assert.deepEqual(
    [...(await list(task)).text.matchAll(/"name":"(\w+)"/g)].map(([, name]) => name),
    ['create_pr'],
  );
});

test('of 100 calls at once against a budget of 10, exactly 10 pass and 90 are recorded as refused', async () => {
  const task = await openTask(stage, { details: entry({ max_calls: 10 }) });
  const reached = stage.github.calls('tools/call').length;
  const all = await Promise.all(Array.from({ length: 100 }, () => provenCall(stage, task.token, task.key)));
  const codes = all.map(({ body }) => codeOf(body) ?? 'passed');
  assert.deepEqual(
    [
      codes.filter((code) => code === 'passed').length,
      codes.filter((code) => code === 'budget_exhausted').length,
    ],
    [10, 90],
  );
  assert.equal(stage.github.calls('tools/call').length - reached, 10);
  const records = (await stage.records()).filter((record) => taskOf(record) === task.id);
  assert.equal(records.filter(({ decision }) => decision === 'permit').length, 10);
  assert.equal(
    records.filter(({ denial, kind }) => kind === 'decision' && denial === 'budget_exhausted').length,
    90,
  );
});

test('a task that ends while its calls run lets none of them pass afterwards', async () => {
  const task = await openTask(stage);
  const calls = Array.from({ length: 20 }, () => provenCall(stage, task.token, task.key));
  await end(task, task.id);
  const late = await provenCall(stage, task.token, task.key);
  assert.equal(codeOf(late.body), 'token_invalid');
  for (const { body } of await Promise.all(calls))
    assert.ok(
      [undefined, 'task_ended', 'token_invalid', 'cancelled'].includes(codeOf(body)),
      JSON.stringify(body),
    );
});

for (const [name, authorize, status, code] of [
  ['without a token', () => undefined, 401, 'token_missing'],
  ['by another user', () => `Bearer ${token(stage, { sub: 'mallory' })}`, 404, 'session_unknown'],
  [
    'by the same user through another agent',
    () => `Bearer ${token(stage, { client_id: 'mallory' })}`,
    404,
    'session_unknown',
  ],
] as const) {
  test(`a session id used as authentication ${name} is refused and recorded`, async () => {
    const bench = { port: stage.port } as never;
    const session = await connectSession(bench, '2025-11-25', { path: '/mcp/github', token: token(stage) });
    stage.secret(session.id);
    const { authorization: _, ...headers } = session.headers;
    const authorization = authorize();
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 9,
      method: 'tools/call',
      params: { name: 'create_pr', arguments: {} },
    });
    const reached = stage.github.calls('tools/call').length;
    const told = await send(`${stage.url}/mcp/github`, {
      headers: { ...headers, ...(authorization && { authorization }) },
      body,
    });
    assert.deepEqual([told.status, codeOf(told.body)], [status, code], told.text);
    await isRecorded(stage, { decision: 'deny', denial: code, 'environment.peer': '127.0.0.1' });
    for (const method of ['GET', 'DELETE']) {
      const other = await send(`${stage.url}/mcp/github`, {
        method,
        headers: { ...headers, accept: 'text/event-stream', ...(authorization && { authorization }) },
      });
      assert.equal(other.status, status, `${method} ${other.text}`);
    }
    assert.equal(stage.github.calls('tools/call').length, reached);
    const own = await session.request('tools/call', { name: 'create_pr', arguments: {} });
    assert.ok(own.response['result'] !== undefined, 'the session of its owner has gone');
  });
}

function list(task: Opened): Promise<Told> {
  return send(`${stage.url}/mcp/github`, {
    headers: { ...listHeaders(), ...authorizationOf(task) },
    body: JSON.stringify(listMessage()),
  });
}

function taskOf(record: JsonObject): unknown {
  const { subject } = record;
  return isJsonObject(subject) && isJsonObject(subject['task']) ? subject['task']['id'] : undefined;
}

function authorizationOf(task: Opened): Record<string, string> {
  const { authorization, headers } = bound(stage, task.token, task.key);
  return { authorization, dpop: String(headers['dpop']) };
}

function listMessage(): JsonObject {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta } };
}

function listHeaders(): Record<string, string> {
  return {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/list',
  };
}

test('calls of no task are recorded without one', async () => {
  assert.equal((await call(stage, `Bearer ${token(stage, { sub: 'plain' })}`)).status, 200);
  const record = (await stage.records()).findLast(({ kind }) => kind === 'decision') as JsonObject;
  assert.equal(taskOf(record), undefined);
});

keepsSecrets(() => stage);
