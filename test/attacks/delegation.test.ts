import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { testKey } from '../../src/testing/dpop.ts';
import { type Attack, attacks, keepsSecrets, type RecordedMembers, type Told } from './attack.ts';
import {
  accessTokenType,
  assertion,
  call,
  type Exchanging,
  entry,
  exchange,
  formProof,
  now,
  openTask,
  post,
  provenCall,
  send,
  token,
} from './moves.ts';
import { openStage, type Stage } from './stage.ts';

const stage: Stage = await openStage({ after });
const refused = (code: string, description: RegExp, agent = 'coder'): RecordedMembers => ({
  event: 'task refused',
  'facts.agent': agent,
  'facts.code': code,
  'facts.description': description,
  'facts.peer': '127.0.0.1',
});

/** A refusal of `authorization_details`. */
function details(
  name: string,
  of: () => JsonObject | readonly JsonObject[],
  why: RegExp,
  code = 'invalid_authorization_details',
): Attack {
  return {
    name,
    run: () => exchange(stage, { details: of() }),
    status: 400,
    code,
    record: refused(code, why),
  };
}

/** `helper` asks for a child of a task of `coder`. */
async function child(parent: JsonObject, order: Exchanging): Promise<Told> {
  const above = await openTask(stage, { details: entry(parent) });
  return exchange(stage, { agent: 'helper', subject: above.token, ...order });
}

function wider(name: string, parent: JsonObject, asked: JsonObject, why: RegExp): Attack {
  return {
    name: `a child grant with ${name}`,
    run: () => child(parent, { details: entry(asked) }),
    status: 400,
    code: 'invalid_authorization_details',
    record: refused('invalid_authorization_details', why, 'helper'),
  };
}

const two = { actions: ['github:create_pr', 'github:get_file'] };
const branch = { constraints: { 'args.base': ['main'] } };

attacks(
  () => stage,
  [
    wider('a tool more than its parent', {}, two, /does not hold/),
    wider('a pattern over the tools of its parent', {}, { actions: ['github:*'] }, /does not hold/),
    wider('every action there is', {}, { actions: ['*'] }, /does not hold/),
    wider('no constraint where its parent has one', branch, {}, /does not hold/),
    wider(
      'another value of a constraint',
      branch,
      { constraints: { 'args.base': ['main', 'prod'] } },
      /does not hold/,
    ),
    wider('the same place in capitals', branch, { constraints: { 'args.Base': ['main'] } }, /does not hold/),
    wider(
      'a value that is only equal when converted',
      { constraints: { 'args.n': [1] } },
      { constraints: { 'args.n': ['1'] } },
      /does not hold/,
    ),
    wider(
      'another digest of a tool',
      {},
      { tool_digests: { 'github:create_pr': `sha-256:${'A'.repeat(43)}` } },
      /does not hold/,
    ),
    wider('more calls', { max_calls: 3 }, { max_calls: 4 }, /budget is larger/),
    wider('more bytes', { max_bytes: 3_000 }, { max_bytes: 4_000 }, /budget is larger/),
    wider('a later end', { not_after: now() + 30 }, { not_after: now() + 90 }, /`not_after` is later/),
    {
      name: 'a grant that is handed on more often than the operator allows',
      run: async () => {
        let above = await openTask(stage);
        for (let depth = 0; depth < 2; depth++)
          above = await openTask(stage, { agent: 'helper', subject: above.token });
        return exchange(stage, { subject: above.token, details: entry() });
      },
      status: 400,
      code: 'invalid_grant',
      record: refused('invalid_grant', /handed on 2 times/),
    },
    {
      name: 'a child of a task for another resource than its own',
      run: () => child({}, { details: entry(), form: { resource: `${stage.url}/mcp/mail` } }),
      status: 400,
      code: 'invalid_target',
      record: refused('invalid_target', /not good for/, 'helper'),
    },
    {
      name: 'a child of a task for the whole gateway',
      run: () => child({}, { details: entry(), form: { resource: `${stage.url}/mcp` } }),
      status: 400,
      code: 'invalid_target',
      record: refused('invalid_target', /not good for/, 'helper'),
    },
    {
      name: 'a child of a task that has ended',
      run: async () => {
        const above = await openTask(stage);
        await end(above);
        return exchange(stage, { agent: 'helper', subject: above.token, details: entry() });
      },
      status: 400,
      code: 'invalid_grant',
      record: refused('invalid_grant', /revoked/, 'helper'),
    },
    {
      name: 'a child of a task whose template the agent may not use',
      run: () => child({}, { details: entry(), agent: 'helper', form: { template: 'secret' } }),
      status: 400,
      code: 'invalid_scope',
      record: refused('invalid_scope', /no template of that name/, 'helper'),
    },
    {
      name: 'a template that the agent may not use',
      run: () => exchange(stage, { form: { template: 'secret' } }),
      status: 400,
      code: 'invalid_scope',
      record: refused('invalid_scope', /no template of that name/),
    },
    ...['__proto__', 'constructor', 'toString'].map(
      (template): Attack => ({
        name: `a template of the name \`${template}\``,
        run: () => exchange(stage, { form: { template } }),
        status: 400,
        code: 'invalid_scope',
        record: refused('invalid_scope', /no template of that name/),
      }),
    ),
    {
      name: 'two templates, the second one in `scope`',
      run: () => exchange(stage, { form: { template: 'coding', scope: 'task:secret' } }),
      status: 400,
      code: 'invalid_request',
      record: refused('invalid_request', /one template/),
    },
    {
      name: 'a subject token for the audience of another gateway',
      run: () =>
        exchange(stage, {
          subject: token(stage, { aud: 'https://another-gateway.example/mcp' }),
          details: entry(),
        }),
      status: 400,
      code: 'invalid_grant',
      record: refused('invalid_grant', /another resource/),
    },
    {
      name: 'a subject token for one server, for a task at another one',
      run: () => exchange(stage, { details: entry(), form: { resource: `${stage.url}/mcp/mail` } }),
      status: 400,
      code: 'invalid_target',
      record: refused('invalid_target', /not good for/),
    },
    {
      name: 'a subject token for one server, for a task at all of them',
      run: () => exchange(stage, { details: entry(), form: { resource: undefined } }),
      status: 400,
      code: 'invalid_target',
      record: refused('invalid_target', /not good for/),
    },
    {
      name: 'a subject token of a stranger',
      run: () =>
        exchange(stage, {
          subject: stage.secret(stage.stranger.token({ aud: `${stage.url}/mcp/github` })),
          details: entry(),
        }),
      status: 400,
      code: 'invalid_grant',
      record: refused('invalid_grant', /./),
    },
    {
      name: 'an expired subject token',
      run: () =>
        exchange(stage, { subject: token(stage, { iat: now() - 700, exp: now() - 60 }), details: entry() }),
      status: 400,
      code: 'invalid_grant',
      record: refused('invalid_grant', /expired/),
    },
    {
      name: 'a subject token that names another agent as the one who may act',
      run: () => exchange(stage, { subject: token(stage, { may_act: { sub: 'helper' } }), details: entry() }),
      status: 400,
      code: 'invalid_grant',
      record: refused('invalid_grant', /may_act/),
    },
    {
      name: 'an actor token of another agent than the one that authenticated itself',
      run: () =>
        exchange(stage, {
          details: entry(),
          form: {
            actor_token: token(stage, { sub: 'robot', client_id: 'helper' }),
            actor_token_type: accessTokenType,
          },
        }),
      status: 400,
      code: 'invalid_request',
      record: refused('invalid_request', /another agent/),
    },
    {
      name: 'a client that does not prove who it is, with the token of another one',
      run: () =>
        exchange(stage, {
          details: entry(),
          form: { client_id: 'local', client_assertion: undefined, client_assertion_type: undefined },
        }),
      status: 400,
      code: 'invalid_grant',
      record: refused('invalid_grant', /issued to another client/, 'local'),
    },
    {
      name: 'a client that does not prove who it is, with a token of a task',
      run: async () =>
        exchange(stage, {
          subject: (await openTask(stage)).token,
          details: entry(),
          form: { client_id: 'local', client_assertion: undefined, client_assertion_type: undefined },
        }),
      status: 400,
      code: 'invalid_grant',
      record: refused('invalid_grant', /bound to a key/, 'local'),
    },
    details(
      'actions that are not a list',
      () => entry({ actions: 'github:create_pr' }),
      /`actions` must list/,
    ),
    details(
      'a star in the middle of an action',
      () => entry({ actions: ['*:create_pr'] }),
      /`actions` must list/,
    ),
    details(
      'an action that looks alike (fullwidth letters)',
      () => entry({ actions: ['ｇithub:create_pr'] }),
      /allows none of that/,
      'invalid_scope',
    ),
    details(
      'an action with a character of no width',
      () => entry({ actions: ['github:create_pr\u200b'] }),
      /allows none of that/,
      'invalid_scope',
    ),
    details(
      'an action in another normal form',
      () => entry({ actions: ['github:create_p\u0072\u0301'] }),
      /allows none of that/,
      'invalid_scope',
    ),
    details(
      'actions without end',
      () => entry({ actions: Array.from({ length: 300 }, (_, n) => `github:a${n}`) }),
      /`actions` must list/,
    ),
    details(
      'authorization details without end',
      () => entry({ purpose: 'x'.repeat(33_000) }),
      /at most 32768 characters/,
    ),
    details('more entries than anybody needs', () => Array.from({ length: 17 }, () => entry()), /1 to 16/),
    details('an empty list', () => [], /1 to 16/),
    details(
      'another type beside ours',
      () => [entry(), { type: 'payment', actions: ['*'] }],
      /`type` is `mcp_task`/,
    ),
    details('a member that nobody knows', () => entry({ locations: ['*'] }), /is not known/),
    details(
      'a place from the prototype',
      () => entry({ constraints: JSON.parse('{"__proto__":["x"]}') }),
      /is not known/,
    ),
    details(
      'a place of the resource that is none',
      () => entry({ constraints: { 'resource.constructor': ['x'] } }),
      /is not known/,
    ),
    details(
      'a constraint without values',
      () => entry({ constraints: { 'args.base': [] } }),
      /must list 1 to 64/,
    ),
    details(
      'a constraint with an object as value',
      () => entry({ constraints: { 'args.base': [{}] } }),
      /must list 1 to 64/,
    ),
    ...([0, -1, 1.5, 1e308, '10', null, 2 ** 53] as const).map((value) =>
      details(
        `a budget of ${JSON.stringify(value)} calls`,
        () => entry({ max_calls: value }),
        /`max_calls` must be a positive whole number/,
      ),
    ),
    details(
      'two budgets in one request',
      () => [entry({ max_calls: 1 }), entry({ max_calls: 5 })],
      /say it once/,
    ),
    details('an end in the past', () => entry({ not_after: now() - 10 }), /`not_after` has passed/),
    details(
      'an end as a text',
      () => entry({ not_after: String(now() + 60) }),
      /must be a positive whole number/,
    ),
    details(
      'an end in milliseconds of a far century',
      () => entry({ not_after: Date.now() * 1_000 }),
      /must be a positive whole number/,
    ),
    {
      name: 'authorization details with a member twice',
      run: () =>
        exchange(stage, {
          form: {
            authorization_details: '[{"type":"mcp_task","actions":["github:get_file"],"actions":["*"]}]',
          },
        }),
      status: 400,
      code: 'invalid_authorization_details',
      record: refused('invalid_authorization_details', /duplicate/),
    },
    ...[
      (url: string) => `${url}/mcp/github/`,
      (url: string) => `${url.replace('127.0.0.1', 'localhost')}/mcp/github`,
      (url: string) => `${url}/MCP/github`,
      (url: string) => `${url}/mcp/github#x`,
      (url: string) => `${url}/mcp/../mcp/github`,
      () => '/mcp/github',
      () => '*',
    ].map(
      (resource): Attack => ({
        name: `a resource that only looks like one: \`${resource('')}\``,
        run: () => exchange(stage, { details: entry(), form: { resource: resource(stage.url) } }),
        status: 400,
        code: 'invalid_target',
        record: { 'facts.code': 'invalid_target', 'facts.peer': '127.0.0.1' },
      }),
    ),
    {
      name: 'an `audience` of another place beside a good `resource`',
      run: () => exchange(stage, { details: entry(), form: { audience: 'https://elsewhere.example' } }),
      status: 400,
      code: 'invalid_target',
      record: refused('invalid_target', /must be one of/),
    },
    {
      name: 'a parameter that comes twice',
      run: async () => {
        const form = {
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          ...assertion(stage, 'coder'),
          subject_token: token(stage),
          subject_token_type: accessTokenType,
        };
        const entries = [
          ...Object.entries(form),
          ['authorization_details', JSON.stringify([entry()])],
          ['authorization_details', '[]'],
        ];
        return post(`${stage.issuer}/token`, entries as [string, string][], {
          dpop: formProof(stage, testKey()),
        });
      },
      status: 400,
      code: 'invalid_request',
      record: {
        event: 'request refused',
        'facts.client': 'coder',
        'facts.code': 'invalid_request',
        'facts.peer': '127.0.0.1',
      },
    },
    {
      name: 'a refresh of a task',
      run: () =>
        exchange(stage, {
          details: entry(),
          form: { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
        }),
      status: 400,
      code: 'invalid_request',
      record: refused('invalid_request', /requested_token_type/),
    },
  ],
);

async function end({ token: of, key, id }: Awaited<ReturnType<typeof openTask>>): Promise<Told> {
  const url = `${stage.url}/tasks/${id}`;
  const dpop = stage.secret(key.proof({ method: 'DELETE', url, token: of, at: now() }));
  return send(url, { method: 'DELETE', headers: { authorization: `DPoP ${of}`, dpop } });
}

test('whatever a child is asked for while its parent ends, no child outlives its parent', async () => {
  for (let round = 0; round < 5; round++) {
    const above = await openTask(stage);
    const asked = Array.from({ length: 6 }, () => {
      const key = testKey();
      return exchange(stage, { agent: 'helper', subject: above.token, details: entry(), key }).then(
        (told) => ({ told, key }),
      );
    });
    await end(above);
    const children = (await Promise.all(asked)).filter(({ told }) => told.status === 200);
    for (const { told, key } of children) {
      const used = await provenCall(stage, String(told.body['access_token']), key);
      assert.notEqual(used.status === 200 && used.text.includes('done'), true, used.text);
    }
  }
});

test('a task names what it was asked by in its record, however it is written', async () => {
  const task = await openTask(stage, { details: entry({ purpose: 'line\nbreak \u001b[31m' }) });
  assert.equal((await provenCall(stage, task.token, task.key)).status, 200);
  const record = (await stage.records()).findLast(({ kind }) => kind === 'decision') as JsonObject;
  const { task: named, proof, agent } = record['subject'] as JsonObject;
  assert.deepEqual(
    [named, proof, agent],
    [{ id: task.id, purpose: 'line\nbreak \u001b[31m' }, 'dpop', 'coder'],
  );
  assert.equal((await call(stage, undefined)).status, 401);
});

keepsSecrets(() => stage);
