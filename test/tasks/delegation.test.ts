import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GrantRequest } from '../../src/identity/server/grant.ts';
import { createTasks } from '../../src/identity/task/tasks.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { Refusal } from '../../src/model/refusal.ts';
import type { TaskId } from '../../src/model/task.ts';
import {
  ask,
  claimsOf,
  type Desk,
  details,
  holderOf,
  offered,
  openDesk,
  origin,
  refusalOf,
} from './exchange-desk.ts';

const helper = { client: { id: 'spiffe://company.com/agent/helper', authentication: 'jwt-svid' } } as const;
const digests = new Map(offered.map(({ action, digest }) => [action, digest]));

/** A task for two tools of `github` on the branch `main`, as a parent. */
async function parentOf(desk: Desk, more: JsonObject = {}): Promise<JsonObject> {
  const answer = await desk.exchange.grant(
    ask(
      desk,
      {},
      details({
        actions: ['github:create_pr', 'github:get_file'],
        constraints: { 'resource.tags.project': ['blue'], 'args.base': ['main', 'dev'] },
        max_calls: 5,
        max_bytes: 10_000,
        ...more,
      }),
    ),
  );
  return answer;
}

function delegate(
  desk: Desk,
  parent: JsonObject,
  entry?: JsonObject,
  change: Partial<GrantRequest> = helper,
): GrantRequest {
  const subject_token = String(parent['access_token']);
  return ask(desk, change, { subject_token, ...(entry ? details(entry) : { template: 'coding' }) });
}

const narrow: JsonObject = {
  actions: ['github:get_file'],
  constraints: { 'resource.tags.project': ['blue'], 'args.base': ['main'] },
  max_calls: 2,
};

test('a sub-agent gets a part of its parent, and its token names the whole chain', async () => {
  const desk = await openDesk();
  const parent = await parentOf(desk);
  const child = await desk.exchange.grant(delegate(desk, parent, narrow));
  const [entry] = child['authorization_details'] as JsonObject[];
  assert.deepEqual(entry?.['actions'], ['github:get_file']);
  assert.deepEqual(entry?.['tool_digests'], { 'github:get_file': digests.get('github:get_file') });
  assert.equal(entry?.['max_calls'], 2);
  assert.equal(entry?.['max_bytes'], 10_000);
  const claims = claimsOf(child);
  assert.deepEqual(claims['act'], {
    sub: 'spiffe://company.com/agent/helper',
    iss: 'spiffe://company.com',
    act: { sub: 'spiffe://company.com/agent/coder', iss: 'spiffe://company.com' },
  });
  assert.deepEqual(claims['task_ancestors'], [parent['txn']]);
  assert.equal(claims['sub'], claimsOf(parent)['sub']);
  assert.ok(Number(claims['exp']) <= Number(claimsOf(parent)['exp']));
  const holder = holderOf(child);
  assert.deepEqual(holder.agent.actsFor, ['spiffe://company.com/agent/coder']);
  assert.equal(holder.user.subject, 'ada');
  assert.equal((await desk.documents.get('task', String(child['txn'])))?.indexes?.['parent'], parent['txn']);
  desk.close();
});

test('a child that asks for nothing special has all of its parent', async () => {
  const desk = await openDesk();
  const parent = await parentOf(desk);
  const child = await desk.exchange.grant(delegate(desk, parent));
  assert.deepEqual(holderOf(child).task?.permissions[0]?.actions.toSorted(), [
    'github:create_pr',
    'github:get_file',
  ]);
  assert.deepEqual(holderOf(child).task?.budget, { calls: 5, bytes: 10_000 });
  desk.close();
});

interface Row {
  readonly name: string;
  readonly entry: JsonObject;
  readonly mend: RegExp;
}

const table: readonly Row[] = [
  { name: 'another tool', entry: { ...narrow, actions: ['github:merge'] }, mend: /github:merge/ },
  { name: 'a pattern that holds more tools', entry: { ...narrow, actions: ['github:*'] }, mend: /github:\*/ },
  {
    name: 'a constraint left out',
    entry: { ...narrow, constraints: { 'args.base': ['main'] } },
    mend: /constraints/,
  },
  {
    name: 'another value',
    entry: {
      ...narrow,
      constraints: { ...(narrow['constraints'] as JsonObject), 'args.base': ['main', 'prod'] },
    },
    mend: /constraints/,
  },
  {
    name: 'another definition of the tool',
    entry: { ...narrow, tool_digests: { 'github:get_file': digests.get('github:merge') as string } },
    mend: /digests/,
  },
  { name: 'more calls', entry: { ...narrow, max_calls: 6 }, mend: /budget/ },
  { name: 'more bytes', entry: { ...narrow, max_bytes: 10_001 }, mend: /budget/ },
  {
    name: 'a later end',
    entry: { ...narrow, not_after: Math.floor(Date.now() / 1000) + 250 },
    mend: /not_after/,
  },
];

for (const { name, entry, mend } of table) {
  test(`a child with ${name} is refused, never cut down`, async () => {
    const desk = await openDesk();
    const refusal = await refusalOf(desk, delegate(desk, await parentOf(desk), entry));
    assert.equal(refusal.code, 'invalid_authorization_details', refusal.description);
    assert.match(refusal.description, mend);
    desk.close();
  });
}

test('a task is handed on as often as is allowed, and no oftener', async () => {
  const desk = await openDesk();
  const first = await parentOf(desk);
  const second = await desk.exchange.grant(delegate(desk, first));
  const third = await desk.exchange.grant(delegate(desk, second));
  assert.deepEqual(claimsOf(third)['task_ancestors'], [first['txn'], second['txn']]);
  const refusal = await refusalOf(desk, delegate(desk, third));
  assert.equal(refusal.code, 'invalid_grant');
  assert.match(refusal.description, /2 times/);
  desk.close();
});

test('a child is good at no resource that its parent is not good at', async () => {
  const desk = await openDesk();
  const parent = await desk.exchange.grant(
    ask(desk, { resources: [`${origin}/mcp/github`] }, { template: 'coding' }),
  );
  const wider = delegate(desk, parent, undefined, { ...helper, resources: [`${origin}/mcp`] });
  assert.equal((await refusalOf(desk, wider)).code, 'invalid_target');
  desk.close();
});

test('a client that does not authenticate itself cannot use a stolen task token for one of its own', async () => {
  const desk = await openDesk();
  const thief = { client: { id: 'https://client.example/meta', authentication: 'client_metadata' } } as const;
  const refusal = await refusalOf(desk, delegate(desk, await parentOf(desk), undefined, thief));
  assert.equal(refusal.code, 'invalid_grant');
  desk.close();
});

test('an ended parent is handed on no more, and its end is that of all below it', async () => {
  const desk = await openDesk();
  const parent = await parentOf(desk);
  const child = await desk.exchange.grant(delegate(desk, parent));
  const grandchild = await desk.exchange.grant(delegate(desk, child));
  const tasks = createTasks({ ledger: desk.hot.ledger, revocations: desk.revocations, clock: desk.clock });
  const use = await tasks.begin(holderOf(grandchild), { calls: 1, bytes: 0 });
  assert.ok(!(use instanceof Refusal));
  const ended = await desk.end(parent['txn'] as TaskId, 'revoked', 'test');
  assert.deepEqual([...ended].toSorted(), [parent, child, grandchild].map(({ txn }) => txn).toSorted());
  assert.equal(use.ended.aborted, true);
  const after = await tasks.begin(holderOf(grandchild), { calls: 1, bytes: 0 });
  assert.equal(after instanceof Refusal && after.code, 'task_ended');
  assert.equal((await refusalOf(desk, delegate(desk, child))).code, 'invalid_grant');
  for (const { txn } of [parent, child, grandchild]) {
    assert.deepEqual((await desk.documents.get('task', String(txn)))?.value['ended'], {
      at: desk.clock.now(),
      how: 'revoked',
    });
  }
  desk.close();
});

test('the calls of children are paid by their parent too', async () => {
  const desk = await openDesk();
  const parent = await parentOf(desk);
  const children = await Promise.all([1, 2].map(() => desk.exchange.grant(delegate(desk, parent))));
  const tasks = createTasks({ ledger: desk.hot.ledger, revocations: desk.revocations, clock: desk.clock });
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      tasks.begin(holderOf(children[n % 2] as JsonObject), { calls: 1, bytes: 1 }),
    ),
  );
  assert.equal(outcomes.filter((outcome) => !(outcome instanceof Refusal)).length, 5);
  const spent = await tasks.begin(holderOf(parent), { calls: 1, bytes: 1 });
  assert.equal(spent instanceof Refusal && spent.code, 'budget_exhausted');
  desk.close();
});
