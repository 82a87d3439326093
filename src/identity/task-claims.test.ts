import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../model/json.ts';
import { Refusal } from '../model/refusal.ts';
import type { Credentials } from '../pipeline/ports.ts';
import { testKey } from '../testing/dpop.ts';
import { TokenFailure } from './failure.ts';
import { createIdentity } from './identity.ts';
import type { Issuer } from './issuer.ts';
import { taskOf } from './task-claims.ts';

const start = 1_800_000_000;
const url = 'https://gateway.example/mcp/github';
const digest = `sha-256:${'A'.repeat(43)}`;

const details: JsonObject = {
  type: 'mcp_task',
  locations: [url],
  actions: ['github:create_pr'],
  tool_digests: { 'github:create_pr': digest },
  constraints: { 'args.base': ['main'], 'resource.tags.project': ['blue'] },
  max_calls: 3,
  max_bytes: 10_000,
  purpose: 'open a pull request',
  not_after: start + 120,
};

const claims: JsonObject = {
  iss: 'https://gateway.example/as',
  sub: 'u:alice',
  aud: url,
  client_id: 'spiffe://company.com/agent/code',
  act: {
    sub: 'spiffe://company.com/agent/code',
    act: { sub: 'spiffe://company.com/agent/boss', act: { sub: 'root' } },
  },
  iat: start,
  exp: start + 300,
  cnf: { jkt: 'A'.repeat(43) },
  txn: 'task-3',
  task_ancestors: ['task-1', 'task-2'],
  authorization_details: [details],
};

test('reads a task with everything that limits it, and whom its agent acts for', () => {
  assert.deepEqual(taskOf(claims), {
    task: {
      id: 'task-3',
      ancestors: ['task-1', 'task-2'],
      purpose: 'open a pull request',
      permissions: [
        {
          actions: ['github:create_pr'],
          digests: { 'github:create_pr': digest },
          constraints: { 'args.base': ['main'], 'resource.tags.project': ['blue'] },
        },
      ],
      budget: { calls: 3, bytes: 10_000 },
      notAfter: (start + 120) * 1000,
    },
    actsFor: ['spiffe://company.com/agent/boss', 'root'],
  });
});

test('the least task has an id, actions and a key; it ends with its token', () => {
  const least = {
    txn: 't',
    exp: start + 60,
    aud: [url],
    cnf: {},
    authorization_details: [{ type: 'mcp_task', actions: [] }],
  };
  const task = {
    id: 't',
    ancestors: [],
    permissions: [{ actions: [] }],
    budget: {},
    notAfter: (start + 60) * 1000,
  };
  assert.deepEqual(taskOf(least), { task });
});

test('several entries are several permissions within the smallest of their limits', () => {
  const entries = [
    { type: 'mcp_task', actions: ['a:x'], max_calls: 5, not_after: start + 200 },
    { type: 'mcp_task', actions: ['a:y'], max_calls: 2, max_bytes: 7, not_after: start + 100 },
  ];
  const read = taskOf({ ...claims, authorization_details: entries });
  assert.ok(!(read instanceof TokenFailure));
  assert.deepEqual(read.task?.permissions, [{ actions: ['a:x'] }, { actions: ['a:y'] }]);
  assert.deepEqual(read.task?.budget, { calls: 2, bytes: 7 });
  assert.equal(read.task?.notAfter, (start + 100) * 1000);
});

test('a token that says nothing of a task has none', () => {
  assert.deepEqual(taskOf({ sub: 'alice' }), {});
  assert.deepEqual(taskOf({ sub: 'alice', act: { sub: 'agent' } }), {});
});

const malformed: readonly (readonly [string, JsonObject, RegExp])[] = [
  ['no id', { txn: undefined }, /`txn`/],
  ['an empty id', { txn: '' }, /`txn`/],
  ['a number for an id', { txn: 7 }, /`txn`/],
  ['no details', { authorization_details: undefined }, /`authorization_details` is not a list/],
  ['empty details', { authorization_details: [] }, /is empty/],
  ['details that are no list', { authorization_details: details }, /is not a list/],
  [
    'details of another type',
    { authorization_details: [details, { type: 'payment' }] },
    /not of type `mcp_task`/,
  ],
  ['no key', { cnf: undefined }, /bound to no key/],
  ['ancestors that are no list', { task_ancestors: 'task-1' }, /`task_ancestors` is not a list/],
  ['itself among its ancestors', { task_ancestors: ['task-3'] }, /an id twice/],
  ['an ancestor twice', { task_ancestors: ['a', 'a'] }, /an id twice/],
  ['too many ancestors', { task_ancestors: Array.from({ length: 33 }, (_, n) => `t${n}`) }, /more than 32/],
  ['an actor without a name', { act: {} }, /`act`/],
  ['an actor that is no object', { act: 'agent' }, /`act` is not an object/],
  ['an inner actor that is no object', { act: { sub: 'a', act: [] } }, /`act` is not an object/],
  ['actors without end', { act: nested(40) }, /nested more than 32/],
];

for (const [name, more, detail] of malformed) {
  test(`refuses a task with ${name}`, () => {
    const read = taskOf({ ...claims, ...more });
    assert.ok(read instanceof TokenFailure, 'it was read');
    assert.match(read.detail, detail);
  });
}

const malformedEntries: readonly (readonly [string, JsonObject])[] = [
  ['a member that is not understood', { taint_ceiling: 'internal' }],
  ['no actions', { actions: undefined }],
  ['actions that are no list', { actions: 'github:*' }],
  ['an action that is no text', { actions: [7] }],
  ['an empty action', { actions: [''] }],
  ['digests that are no object', { tool_digests: [] }],
  ['a digest of another kind', { tool_digests: { a: 'md5:x' } }],
  ['constraints that are no object', { constraints: [] }],
  ['a constraint that is no list', { constraints: { 'args.base': 'main' } }],
  ['a negative count', { max_calls: -1 }],
  ['half a call', { max_calls: 0.5 }],
  ['a count as text', { max_bytes: '10' }],
  ['an end that is no number', { not_after: 'tomorrow' }],
  ['a purpose that is no text', { purpose: {} }],
  ['locations that leave out its audience', { locations: ['https://gateway.example/mcp/other'] }],
  ['locations that are no list', { locations: url }],
];

for (const [name, more] of malformedEntries) {
  test(`refuses details with ${name}`, () => {
    const read = taskOf({ ...claims, authorization_details: [details, { ...details, ...more }] });
    assert.ok(read instanceof TokenFailure, 'it was read');
  });
}

function nested(depth: number): JsonObject {
  return depth === 0 ? { sub: 'a' } : { sub: 'a', act: nested(depth - 1) };
}

function open(more: Partial<Issuer>) {
  const [signer, client] = [testKey(), testKey()];
  const identity = createIdentity({
    issuers: [{ issuer: 'https://gateway.example/as', jwks: () => [{ ...signer.jwk, kid: 'k' }], ...more }],
    clock: { now: () => start * 1000 },
    proof: { replay: { claim: () => true } },
  });
  const show = (changes: JsonObject = {}): Credentials => {
    const token = signer.sign(
      { alg: 'ES256', typ: 'at+jwt', kid: 'k' },
      { ...claims, cnf: { jkt: client.jkt }, ...changes },
    );
    const dpop = client.proof({ method: 'POST', url, token, at: start });
    return {
      authorization: `DPoP ${token}`,
      header: (name) => (name === 'dpop' ? dpop : undefined),
      ...{ method: 'POST', url, resource: url, metadataUrl: url, peer: '192.0.2.1' },
    };
  };
  return { identity, show };
}

test('a token of our own authorization server brings its task, and a principal of its own', async () => {
  const { identity, show } = open({ tasks: true });
  const [one, other, none] = [
    await identity.identify(show()),
    await identity.identify(show({ txn: 'task-4' })),
    await identity.identify(
      show({ txn: undefined, authorization_details: undefined, task_ancestors: undefined }),
    ),
  ];
  assert.ok(!(one instanceof Refusal) && !(other instanceof Refusal) && !(none instanceof Refusal));
  assert.equal(one.task?.id, 'task-3');
  assert.deepEqual(one.agent, {
    id: 'spiffe://company.com/agent/code',
    actsFor: ['spiffe://company.com/agent/boss', 'root'],
  });
  assert.equal(none.task, undefined);
  assert.equal(new Set([one.principal, other.principal, none.principal]).size, 3);
});

test('a token of any other issuer never has a task, whatever it says', async () => {
  const { identity, show } = open({});
  const subject = await identity.identify(show());
  assert.ok(!(subject instanceof Refusal));
  assert.equal(subject.task, undefined);
  assert.equal(subject.agent.actsFor, undefined);
});

test('a task that cannot be read refuses its token', async () => {
  const { identity, show } = open({ tasks: true });
  const refusal = await identity.identify(show({ authorization_details: [{ ...details, max_calls: '3' }] }));
  assert.ok(refusal instanceof Refusal && refusal.code === 'token_invalid');
  assert.match(refusal.detail, /task of the token cannot be read: `max_calls` is not a count/);
});
