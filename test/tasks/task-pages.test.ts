import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { endTaskOfToken } from '../../src/identity/task/end-task.ts';
import { createTaskPages } from '../../src/identity/task/task-pages.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { refuse } from '../../src/model/refusal.ts';
import { principalKey, type Subject } from '../../src/model/subject.ts';
import { ada, ask, claimsOf, type Desk, details, holderOf, openDesk, origin } from './exchange-desk.ts';

interface Answer {
  readonly status: number;
  readonly body: JsonObject;
}
type Call = (method: string, path: string, who?: Subject, body?: string) => Promise<Answer>;

/** Serves the pages; a caller is known by the number of its subject. */
async function serve(t: TestContext): Promise<{ readonly desk: Desk; readonly call: Call }> {
  const desk = await openDesk();
  const callers: Subject[] = [];
  const pages = createTaskPages({
    origin,
    identify: ({ authorization }) =>
      callers[Number(authorization?.slice('Bearer '.length) ?? NaN)] ?? refuse('token_missing', 'none'),
    resources: () => [`${origin}/mcp`],
    documents: desk.documents,
    ledger: desk.hot.ledger,
    revocations: desk.revocations,
    end: desk.end,
    clock: desk.clock,
    report: (event, facts) => void desk.events.push([event, facts]),
  });
  const server = createServer(pages.serve).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
    desk.close();
  });
  const { port } = server.address() as AddressInfo;
  const call: Call = async (method, path, who, body) => {
    const headers = who === undefined ? {} : { authorization: `Bearer ${callers.push(who) - 1}` };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, body: body ?? null });
    assert.equal(response.headers.get('cache-control'), 'no-store');
    return { status: response.status, body: (await response.json()) as JsonObject };
  };
  return { desk, call };
}

function person(desk: Desk, subject: string, roles: readonly string[] = []): Subject {
  const user = { issuer: 'https://idp.example', subject, roles, groups: [], claims: {} };
  return ada(desk, { user, principal: principalKey(user, { id: 'some-app' }) });
}

function idsIn({ body }: Answer): readonly unknown[] {
  return (body['tasks'] as JsonObject[]).map(({ id }) => id);
}

test('a user sees the tasks of its own, the newest first, and an operator all', async (t) => {
  const { desk, call } = await serve(t);
  const mine = [];
  for (const template of ['coding', 'reading'])
    mine.push((await desk.exchange.grant(ask(desk, {}, { template })))['txn']);
  const subject_token = desk.token(person(desk, 'bob'));
  const bobs = (await desk.exchange.grant(ask(desk, {}, { template: 'coding', subject_token })))['txn'];
  assert.deepEqual(idsIn(await call('GET', '/tasks', person(desk, 'ada'))), mine.toReversed());
  assert.deepEqual(idsIn(await call('GET', '/tasks', person(desk, 'bob'))), [bobs]);
  assert.deepEqual(idsIn(await call('GET', '/tasks', person(desk, 'eve'))), []);
  assert.equal(idsIn(await call('GET', '/tasks', person(desk, 'root', ['owner']))).length, 3);
  const page = await call('GET', '/tasks?limit=1', person(desk, 'ada'));
  assert.deepEqual([idsIn(page), page.body['more']], [[mine[1]], true]);
});

test('one task is shown with what is left of it, and a foreign one is not known', async (t) => {
  const { desk, call } = await serve(t);
  const { txn } = await desk.exchange.grant(ask(desk, {}, { template: 'coding' }));
  const shown = await call('GET', `/tasks/${String(txn)}`, person(desk, 'ada'));
  assert.deepEqual([shown.status, shown.body['state'], shown.body['left']], [200, 'living', { calls: 20 }]);
  const foreign = await call('GET', `/tasks/${String(txn)}`, person(desk, 'bob'));
  const missing = await call('GET', '/tasks/no-such-task', person(desk, 'bob'));
  assert.equal(foreign.status, 404);
  assert.deepEqual(foreign.body, missing.body);
  desk.clock.advance(400_000);
  assert.equal((await call('GET', `/tasks/${String(txn)}`, person(desk, 'ada'))).body['state'], 'expired');
});

test('its holder completes a task, and sees and ends nothing beside it', async (t) => {
  const { desk, call } = await serve(t);
  const other = await desk.exchange.grant(ask(desk, {}, { template: 'coding' }));
  const parent = await desk.exchange.grant(ask(desk, {}, { template: 'coding' }));
  const child = await desk.exchange.grant(
    ask(desk, {}, { template: 'coding', subject_token: String(parent['access_token']) }),
  );
  assert.deepEqual(idsIn(await call('GET', '/tasks', holderOf(parent))), [child['txn'], parent['txn']]);
  assert.deepEqual(idsIn(await call('GET', '/tasks', holderOf(child))), [child['txn']]);
  assert.equal((await call('DELETE', `/tasks/${String(other['txn'])}`, holderOf(parent))).status, 404);
  assert.equal((await call('DELETE', `/tasks/${String(parent['txn'])}`, holderOf(child))).status, 404);
  const { body } = await call('DELETE', `/tasks/${String(parent['txn'])}`, holderOf(parent));
  assert.deepEqual([...(body['ended'] as string[])].toSorted(), [parent['txn'], child['txn']].toSorted());
  const record = await desk.documents.get('task', String(parent['txn']));
  assert.deepEqual(record?.value['ended'], { at: desk.clock.now(), how: 'completed' });
  assert.equal(
    (await call('GET', `/tasks/${String(other['txn'])}`, person(desk, 'ada'))).body['state'],
    'living',
  );
});

test('an agent with a task of the owner is no operator', async (t) => {
  const { desk, call } = await serve(t);
  const subject_token = desk.token(person(desk, 'root', ['owner']));
  const task = await desk.exchange.grant(ask(desk, {}, { template: 'coding', subject_token }));
  const foreign = await desk.exchange.grant(ask(desk, {}, { template: 'coding' }));
  assert.deepEqual(holderOf(task).user.roles, ['owner']);
  assert.deepEqual(idsIn(await call('GET', '/tasks', holderOf(task))), [task['txn']]);
  assert.equal((await call('DELETE', `/tasks/${String(foreign['txn'])}`, holderOf(task))).status, 404);
  const body = JSON.stringify({ kind: 'user', id: 'https://idp.example ada' });
  assert.equal((await call('POST', '/revocations', holderOf(task), body)).status, 403);
});

test('an operator revokes a user, an agent, a device, a task or a token, and nobody else does', async (t) => {
  const { desk, call } = await serve(t);
  const root = person(desk, 'root', ['owner']);
  const body = JSON.stringify({ kind: 'user', id: 'https://idp.example ada' });
  assert.equal((await call('POST', '/revocations', person(desk, 'ada'), body)).status, 403);
  const { txn } = await desk.exchange.grant(ask(desk, {}, { template: 'coding' }));
  const done = await call('POST', '/revocations', root, body);
  assert.deepEqual([done.status, done.body['revoked']], [200, JSON.parse(body)]);
  assert.equal(
    desk.revocations.isRevoked([{ kind: 'user', id: 'https://idp.example ada' }], desk.clock.now()),
    true,
  );
  const task = JSON.stringify({ kind: 'task', id: txn });
  assert.deepEqual((await call('POST', '/revocations', root, task)).body['ended'], [txn]);
});

test('every refusal is an error of the gateway with a remedy', async (t) => {
  const { desk, call } = await serve(t);
  const root = person(desk, 'root', ['owner']);
  const table: readonly (readonly [number, string, string, Subject | undefined, string?])[] = [
    [401, 'GET', '/tasks', undefined],
    [405, 'POST', '/tasks', root],
    [405, 'PUT', '/tasks/x', root],
    [405, 'GET', '/revocations', root],
    [404, 'GET', '/tasks/a/b', root],
    [404, 'GET', '/tasks/%2e%2e', root],
    [400, 'GET', '/tasks?limit=201', root],
    [400, 'GET', '/tasks?limit=x', root],
    [400, 'GET', '/tasks?state=dead', root],
    [400, 'POST', '/revocations', root, 'no json'],
    [400, 'POST', '/revocations', root, '{"kind":"planet","id":"x"}'],
    [400, 'POST', '/revocations', root, '{"kind":"user","id":"ada"}'],
    [400, 'POST', '/revocations', root, '{"kind":"task","id":"x","kind":"user"}'],
    [400, 'POST', '/revocations', root, `{"kind":"task","id":"${'x'.repeat(9_000)}"}`],
  ];
  for (const [status, method, path, who, body] of table) {
    const answer = await call(method, path, who, body);
    assert.equal(answer.status, status, `${method} ${path}`);
    const { message, data } = answer.body['error'] as JsonObject;
    assert.ok(typeof message === 'string' && typeof (data as JsonObject)['remedy'] === 'string');
  }
});

test('the revocation of a task token ends its task, and that of another token does not (RFC 7009)', async (t) => {
  const { desk } = await serve(t);
  const answer = await desk.exchange.grant(ask(desk, {}, details({ actions: ['docs:search'] })));
  assert.equal(await endTaskOfToken(desk.end, { sub: 'ada' }, 'coder'), false);
  assert.equal(await endTaskOfToken(desk.end, claimsOf(answer), 'coder'), true);
  assert.equal(desk.revocations.isRevoked([{ kind: 'task', id: String(answer['txn']) }], Infinity), true);
});
