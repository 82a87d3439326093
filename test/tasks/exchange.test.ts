import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GrantRequest } from '../../src/identity/server/grant.ts';
import { epochKeysOf } from '../../src/model/epoch-keys.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { TaskId } from '../../src/model/task.ts';
import {
  accessTokenType,
  ada,
  ask,
  claimsOf,
  type Desk,
  details,
  holderOf,
  issuer,
  offered,
  openDesk,
  origin,
  refusalOf,
} from './exchange-desk.ts';

const createPr = offered[0]?.digest as string;

test('while revocations cannot be followed nobody gets a task, and nothing is asked of the policy', async () => {
  let asked = 0;
  const desk = await openDesk({
    revocations: { isRevoked: () => false, stale: () => true },
    entitle: async () => {
      asked += 1;
      return offered;
    },
  });
  const refusal = await refusalOf(desk, ask(desk, {}, details({ actions: ['github:get_file'] })));
  assert.equal(refusal.code, 'temporarily_unavailable');
  assert.equal(asked, 0);
  desk.close();
});

test('a task is what user, agent, request and policy have in common, and its token says so', async () => {
  const desk = await openDesk();
  const request = ask(
    desk,
    { resources: [`${origin}/mcp/github`] },
    details({
      actions: ['github:create_pr', 'docs:search', 'github:unknown'],
      constraints: { 'resource.tags.project': ['blue', 'green'], 'args.base': ['main'] },
      max_calls: 50,
      max_bytes: 9000,
      purpose: 'open the release PR',
      not_after: Math.floor(desk.clock.now() / 1000) + 60,
    }),
  );
  const answer = await desk.exchange.grant(request);
  const claims = claimsOf(answer);
  const [entry] = answer['authorization_details'] as JsonObject[];
  assert.deepEqual(entry, {
    type: 'mcp_task',
    actions: ['github:create_pr'],
    tool_digests: { 'github:create_pr': createPr },
    constraints: { 'resource.tags.project': ['blue'], 'args.base': ['main'] },
    max_calls: 20,
    max_bytes: 9000,
    purpose: 'open the release PR',
    not_after: claims['exp'],
  });
  assert.equal(answer['token_type'], 'DPoP');
  assert.equal(answer['issued_token_type'], accessTokenType);
  assert.ok(!('refresh_token' in answer));
  assert.ok(Number(answer['expires_in']) > 55 && Number(answer['expires_in']) <= 60);
  assert.deepEqual(claims['act'], { sub: 'spiffe://company.com/agent/coder', iss: 'spiffe://company.com' });
  assert.equal(claims['client_id'], 'spiffe://company.com/agent/coder');
  assert.equal(claims['aud'], `${origin}/mcp/github`);
  assert.equal(claims['iss'], issuer);
  assert.deepEqual(claims['cnf'], request.binding);
  assert.equal(claims['acr'], 'phr');
  assert.deepEqual(claims['roles'], ['developer']);
  assert.equal(claims['txn'], answer['txn']);
  desk.close();
});

test('the holder of the token is the user of the other issuer, and nobody of ours who has the same name', async () => {
  const desk = await openDesk();
  const answer = await desk.exchange.grant(ask(desk, {}, { template: 'reading' }));
  const { sub, sub_id } = claimsOf(answer);
  assert.equal(sub, 'https://idp.example#ada');
  assert.deepEqual(sub_id, { format: 'iss_sub', iss: 'https://idp.example', sub: 'ada' });
  const holder = holderOf(answer);
  assert.equal(holder.user.issuer, 'https://idp.example');
  assert.equal(holder.user.subject, 'ada');
  assert.equal(holder.task?.permissions[0]?.actions.join(), 'github:get_file,docs:search');
  assert.equal(holder.device.managed, true);
  desk.close();
});

test('a granted task is in the ledger, on record without its token, and reported', async () => {
  const desk = await openDesk();
  const answer = await desk.exchange.grant(ask(desk, {}, { template: 'coding' }));
  const id = answer['txn'] as TaskId;
  assert.deepEqual((await desk.hot.ledger.state(id))?.left, { calls: 20 });
  const record = await desk.documents.get('task', id);
  assert.equal(record?.value['agent'], 'spiffe://company.com/agent/coder');
  assert.ok(!JSON.stringify(record).includes(String(answer['access_token'])));
  assert.equal(desk.events.at(-1)?.[0], 'task granted');
  assert.equal(desk.events.at(-1)?.[1]['task'], id);
  desk.close();
});

test('a template can be asked for as a scope too, and a certificate-bound token is sent as bearer', async () => {
  const desk = await openDesk();
  const answer = await desk.exchange.grant(
    ask(desk, { binding: { 'x5t#S256': 'thumb' } }, { scope: 'openid task:reading' }),
  );
  assert.equal(answer['token_type'], 'Bearer');
  assert.equal((answer['authorization_details'] as JsonObject[])[0]?.['purpose'], 'look things up');
  desk.close();
});

test('a task never outlives its subject token, its template or the longest time', async () => {
  const desk = await openDesk();
  const now = desk.clock.now();
  const lifeOf = async (change: JsonObject, expiresAt = now + 600_000): Promise<number> => {
    const subject_token = desk.token(ada(desk, { expiresAt }));
    return Number((await desk.exchange.grant(ask(desk, {}, { ...change, subject_token })))['expires_in']);
  };
  const far = details({ actions: ['github:get_file'], not_after: Math.floor(now / 1000) + 9_000 });
  assert.ok([119, 120].includes(await lifeOf({ template: 'reading' })));
  assert.ok([199, 200].includes(await lifeOf({ ...far, template: 'coding' })));
  assert.ok([299, 300].includes(await lifeOf(far)));
  assert.ok([39, 40].includes(await lifeOf({ template: 'reading' }, now + 40_000)));
  desk.close();
});

test('the owner on one machine gets a task by a public client without any configuration', async () => {
  const desk = await openDesk({ agents: [], templates: {} });
  const owner = {
    issuer: 'urn:bartizan:owner',
    subject: 'owner',
    roles: ['owner'],
    groups: [],
    claims: { iss: 'urn:bartizan:owner', aud: [origin] },
  };
  const subject_token = desk.token(ada(desk, { user: owner, agent: { id: 'local' } }));
  const local = { client: { id: 'local', authentication: 'none' } } as const;
  const answer = await desk.exchange.grant(ask(desk, local, { subject_token }));
  const holder = holderOf(answer);
  assert.deepEqual(
    holder.task?.permissions[0]?.actions,
    offered.map(({ action }) => action),
  );
  assert.equal(holder.user.issuer, 'urn:bartizan:owner');
  const stranger = desk.token(ada(desk, { agent: { id: 'local' } }));
  const { code } = await refusalOf(desk, ask(desk, local, { subject_token: stranger }));
  assert.equal(code, 'unauthorized_client');
  desk.close();
});

interface Row {
  readonly name: string;
  readonly code: string;
  readonly mend: RegExp;
  readonly request: (desk: Desk) => GrantRequest | Promise<GrantRequest>;
}

const wrong =
  (entry: JsonObject): Row['request'] =>
  (desk) =>
    ask(desk, {}, details({ actions: ['github:merge'], ...entry }));
const raw =
  (text: string): Row['request'] =>
  (desk) =>
    ask(desk, {}, { authorization_details: text });
const bound = { iss: issuer, aud: `${origin}/mcp/github`, cnf: { jkt: 'k' } };
const publicClient = {
  client: { id: 'https://client.example/meta', authentication: 'client_metadata' },
} as const;

const table: readonly Row[] = [
  {
    name: 'no subject token',
    code: 'invalid_request',
    mend: /subject_token/,
    request: (desk) => ask(desk, {}, { subject_token: '', template: 'coding' }),
  },
  {
    name: 'an unknown type of token',
    code: 'invalid_request',
    mend: /subject_token_type/,
    request: (desk) => ask(desk, {}, { subject_token_type: 'urn:x' }),
  },
  {
    name: 'another requested type',
    code: 'invalid_request',
    mend: /requested_token_type/,
    request: (desk) =>
      ask(desk, {}, { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }),
  },
  {
    name: 'no key',
    code: 'invalid_request',
    mend: /DPoP/,
    request: (desk) => ask(desk, { binding: undefined }, { template: 'coding' }),
  },
  {
    name: 'a token that does not verify',
    code: 'invalid_grant',
    mend: /subject_token/,
    request: (desk) => ask(desk, {}, { subject_token: 'forged' }),
  },
  {
    name: 'an expired token',
    code: 'invalid_grant',
    mend: /expired/,
    request: (desk) =>
      ask(desk, {}, { subject_token: desk.token(ada(desk, { expiresAt: desk.clock.now() - 1 })) }),
  },
  {
    name: 'a resource of somebody else',
    code: 'invalid_target',
    mend: /gw\.example/,
    request: (desk) => ask(desk, { resources: ['https://other.example/mcp'] }, { template: 'coding' }),
  },
  {
    name: 'a resource that the token of ours is not good for',
    code: 'invalid_target',
    mend: /not good for/,
    request: (desk) =>
      ask(
        desk,
        { resources: [`${origin}/mcp`] },
        {
          template: 'coding',
          subject_token: desk.token(ada(desk, { user: { ...ada(desk).user, claims: bound } })),
        },
      ),
  },
  {
    name: 'no client and no actor',
    code: 'invalid_client',
    mend: /authenticate/,
    request: (desk) => ask(desk, { client: undefined }, { template: 'coding' }),
  },
  {
    name: 'an agent that nobody entered',
    code: 'unauthorized_client',
    mend: /`agents`/,
    request: (desk) =>
      ask(
        desk,
        { client: { id: 'spiffe://evil.com/agent/coder', authentication: 'x509-svid' } },
        { template: 'coding' },
      ),
  },
  {
    name: 'a trust domain that only begins alike',
    code: 'unauthorized_client',
    mend: /`agents`/,
    request: (desk) =>
      ask(desk, { client: { id: 'spiffe://company.com.evil/agent/x', authentication: 'x509-svid' } }),
  },
  {
    name: 'an agent without templates',
    code: 'unauthorized_client',
    mend: /templates/,
    request: (desk) => ask(desk, { client: { id: 'idle', authentication: 'private_key_jwt' } }),
  },
  {
    name: 'an agent that authenticates too weakly',
    code: 'unauthorized_client',
    mend: /x509-svid/,
    request: (desk) =>
      ask(
        desk,
        { client: { id: 'spiffe://company.com/agent/coder', authentication: 'private_key_jwt' } },
        { template: 'coding' },
      ),
  },
  {
    name: 'a public client with the token of another',
    code: 'invalid_grant',
    mend: /another client/,
    request: (desk) => ask(desk, publicClient, { template: 'reading' }),
  },
  {
    name: 'a public client with a bound token',
    code: 'invalid_grant',
    mend: /bound to a key/,
    request: (desk) =>
      ask(desk, publicClient, {
        template: 'reading',
        subject_token: desk.token(
          ada(desk, {
            agent: { id: 'https://client.example/meta' },
            user: { ...ada(desk).user, claims: { cnf: { jkt: 'k' } } },
          }),
        ),
      }),
  },
  {
    name: 'an agent that `may_act` does not name',
    code: 'invalid_grant',
    mend: /may_act/,
    request: (desk) =>
      ask(
        desk,
        {},
        {
          template: 'coding',
          subject_token: desk.token(
            ada(desk, { user: { ...ada(desk).user, claims: { may_act: { sub: 'other' } } } }),
          ),
        },
      ),
  },
  {
    name: 'neither details nor a template where there are several',
    code: 'invalid_request',
    mend: /coding, reading/,
    request: (desk) => ask(desk),
  },
  {
    name: 'a template of another agent',
    code: 'invalid_scope',
    mend: /coding, reading/,
    request: (desk) => ask(desk, {}, { template: 'admin' }),
  },
  {
    name: 'two templates',
    code: 'invalid_request',
    mend: /one template/,
    request: (desk) => ask(desk, {}, { template: 'coding', scope: 'task:reading' }),
  },
  {
    name: 'what the template does not allow',
    code: 'invalid_scope',
    mend: /github:\*/,
    request: (desk) => ask(desk, {}, { template: 'coding', ...details({ actions: ['docs:search'] }) }),
  },
  {
    name: 'what the policy does not permit',
    code: 'access_denied',
    mend: /github:secret/,
    request: (desk) => ask(desk, {}, details({ actions: ['github:secret'] })),
  },
  {
    name: 'a tool that is not what the client saw',
    code: 'invalid_authorization_details',
    mend: /another definition/,
    request: wrong({ tool_digests: { 'github:merge': createPr } }),
  },
  {
    name: 'details that are no JSON',
    code: 'invalid_authorization_details',
    mend: /valid JSON/,
    request: raw('[{'),
  },
  {
    name: 'duplicate members',
    code: 'invalid_authorization_details',
    mend: /duplicate/,
    request: raw('[{"type":"mcp_task","actions":["a:b"],"actions":["*"]}]'),
  },
  { name: 'an empty list', code: 'invalid_authorization_details', mend: /list/, request: raw('[]') },
  {
    name: 'another type',
    code: 'invalid_authorization_details',
    mend: /mcp_task/,
    request: raw('[{"type":"payment"}]'),
  },
  {
    name: 'an unknown member',
    code: 'invalid_authorization_details',
    mend: /`max_call` is not known/,
    request: wrong({ max_call: 3 }),
  },
  {
    name: 'a star in the middle',
    code: 'invalid_authorization_details',
    mend: /end with/,
    request: wrong({ actions: ['git*:x'] }),
  },
  {
    name: 'an action without a server',
    code: 'invalid_authorization_details',
    mend: /github:create_pr/,
    request: wrong({ actions: ['create_pr'] }),
  },
  {
    name: 'an unknown place',
    code: 'invalid_authorization_details',
    mend: /resource\.tags/,
    request: wrong({ constraints: { 'context.time': ['now'] } }),
  },
  {
    name: 'a constraint that is no list',
    code: 'invalid_authorization_details',
    mend: /must list/,
    request: wrong({ constraints: { 'args.base': 'main' } }),
  },
  {
    name: 'a constraint without values',
    code: 'invalid_authorization_details',
    mend: /must list/,
    request: wrong({ constraints: { 'args.base': [] } }),
  },
  {
    name: 'a budget of nothing',
    code: 'invalid_authorization_details',
    mend: /max_calls/,
    request: wrong({ max_calls: 0 }),
  },
  {
    name: 'a budget that is no number',
    code: 'invalid_authorization_details',
    mend: /max_bytes/,
    request: wrong({ max_bytes: '9' }),
  },
  {
    name: 'an end that has passed',
    code: 'invalid_authorization_details',
    mend: /not_after/,
    request: wrong({ not_after: 1000 }),
  },
  {
    name: 'two budgets that disagree',
    code: 'invalid_authorization_details',
    mend: /whole task/,
    request: raw(
      '[{"type":"mcp_task","actions":["a:b"],"max_calls":1},{"type":"mcp_task","actions":["a:c"],"max_calls":2}]',
    ),
  },
  {
    name: 'a revoked user',
    code: 'invalid_grant',
    mend: /revoked/,
    request: async (desk) => {
      await desk.revocations.bump({ kind: 'user', id: 'https://idp.example ada' });
      return ask(desk, {}, { template: 'coding' });
    },
  },
];

for (const { name, code, mend, request } of table) {
  test(`refuses ${name}, and says what to mend`, async () => {
    const desk = await openDesk();
    const refusal = await refusalOf(desk, await request(desk));
    assert.equal(refusal.code, code, refusal.description);
    assert.match(refusal.description, mend);
    assert.deepEqual(await desk.documents.find('task', { limit: 10 }), []);
    assert.equal(desk.events.at(-1)?.[0], 'task refused');
    desk.close();
  });
}

test('a key that bound a living task binds no other one; after its end it may', async () => {
  const desk = await openDesk();
  const binding = { jkt: 'the-key' };
  const { txn } = await desk.exchange.grant(ask(desk, { binding }, { template: 'coding' }));
  const refusal = await refusalOf(desk, ask(desk, { binding }, { template: 'coding' }));
  assert.equal(refusal.code, 'invalid_request');
  assert.match(refusal.description, /fresh key/);
  await desk.end(txn as TaskId, 'completed', 'test');
  assert.notEqual((await desk.exchange.grant(ask(desk, { binding }, { template: 'coding' })))['txn'], txn);
  desk.close();
});

test('of a hundred requests with one key at the same moment one is granted', async () => {
  const desk = await openDesk();
  const binding = { jkt: 'the-key' };
  const all = await Promise.allSettled(
    Array.from({ length: 100 }, () => desk.exchange.grant(ask(desk, { binding }, { template: 'coding' }))),
  );
  assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1);
  desk.close();
});

test('tools by the hundred are granted by the pattern that was asked for, or refused one by one', async () => {
  const many = Array.from({ length: 200 }, (_, n) => ({ action: `github:tool_${n}`, digest: createPr }));
  const desk = await openDesk({ entitle: async () => many });
  const answer = await desk.exchange.grant(ask(desk, {}, details({ actions: ['github:tool_*'] })));
  const [entry] = answer['authorization_details'] as JsonObject[];
  assert.deepEqual(entry?.['actions'], ['github:tool_*']);
  assert.equal(entry?.['tool_digests'], undefined);
  assert.ok(String(answer['access_token']).length < 8_000);
  const one = await refusalOf(desk, ask(desk, {}, details({ actions: many.map(({ action }) => action) })));
  assert.equal(one.code, 'invalid_authorization_details');
  desk.close();
});

test('nothing is left of a task whose token cannot be signed', async () => {
  const desk = await openDesk({
    signer: { issuer, jwks: () => [], sign: () => Promise.reject(new Error('no key')) },
  });
  const binding = { jkt: 'the-key' };
  await assert.rejects(desk.exchange.grant(ask(desk, { binding }, { template: 'coding' })), /no key/);
  const [record] = await desk.documents.find('task', { limit: 10 });
  assert.equal((await desk.hot.ledger.state(record?.id as TaskId))?.ended, true);
  desk.close();
});

test('a revocation while the lists of servers are waited for ends the task that is being granted', async () => {
  const desk = await openDesk({
    entitle: async () => {
      desk.clock.advance(5);
      await desk.revocations.bump({ kind: 'user', id: 'https://idp.example ada' });
      desk.clock.advance(5);
      return offered.slice(0, 1);
    },
  });
  const answer = await desk.exchange.grant(ask(desk, {}, details({ actions: ['github:create_pr'] })));
  const holder = holderOf(answer);
  assert.equal(desk.revocations.isRevoked(epochKeysOf(holder), holder.issuedAt), true);
  desk.close();
});
