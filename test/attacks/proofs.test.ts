import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { testKey } from '../../src/testing/dpop.ts';
import { type Attack, attacks, keepsSecrets, type RecordedMembers } from './attack.ts';
import { bound, call, exchange, formProof, now, openTask, provenCall, send } from './moves.ts';
import { openStage, type Stage } from './stage.ts';

const stage: Stage = await openStage({ after });
const challenge = /^DPoP .*error="invalid_(?:token|dpop_proof)"/;
const deny = (detail: RegExp): RecordedMembers => ({
  decision: 'deny',
  stage: 'identify',
  denial: 'token_invalid',
  detail,
  'environment.peer': '127.0.0.1',
});
const invalid = { status: 401, code: 'token_invalid', challenge } as const;

/** A call with the token of a task, whose proof is changed. */
function changed(
  name: string,
  change: (claims: { url: string }) => Parameters<typeof bound>[3],
  detail: RegExp,
): Attack {
  return {
    name,
    run: async () => {
      const task = await openTask(stage);
      const { authorization, headers } = bound(stage, task.token, task.key, change({ url: stage.url }));
      return call(stage, authorization, { headers });
    },
    ...invalid,
    record: deny(detail),
  };
}

attacks(
  () => stage,
  [
    {
      name: 'a stolen token with a proof of another key',
      run: async () => provenCall(stage, (await openTask(stage)).token, testKey()),
      ...invalid,
      record: deny(/key/),
    },
    {
      name: 'a stolen token as a bearer token',
      run: async () => call(stage, `Bearer ${(await openTask(stage)).token}`),
      ...invalid,
      challenge: /DPoP|Bearer/,
      record: deny(/bound to a key .* shown as a bearer token/),
    },
    {
      name: 'a stolen token as a bearer token, with the proof of its holder beside it',
      run: async () => {
        const task = await openTask(stage);
        return call(stage, `Bearer ${task.token}`, { headers: bound(stage, task.token, task.key).headers });
      },
      ...invalid,
      challenge: /DPoP|Bearer/,
      record: deny(/bearer token/),
    },
    {
      name: 'a stolen token without any proof',
      run: async () => call(stage, `DPoP ${(await openTask(stage)).token}`),
      ...invalid,
      record: deny(/proof/),
    },
    {
      name: 'a replayed proof',
      run: async () => {
        const task = await openTask(stage);
        const { authorization, headers } = bound(stage, task.token, task.key);
        assert.equal((await call(stage, authorization, { headers })).status, 200);
        return call(stage, authorization, { headers });
      },
      ...invalid,
      reaches: 1,
      record: deny(/used before/),
    },
    {
      name: 'two good proofs in one request',
      run: async () => {
        const task = await openTask(stage);
        const proofs = [1, 2].map(() => String(bound(stage, task.token, task.key).headers['dpop']));
        return call(stage, `DPoP ${task.token}`, { headers: { dpop: proofs } });
      },
      status: 400,
      code: 'invalid_request',
      record: 'nobody',
    },
    {
      name: 'two good proofs in one header',
      run: async () => {
        const task = await openTask(stage);
        const proofs = [1, 2].map(() => String(bound(stage, task.token, task.key).headers['dpop']));
        return call(stage, `DPoP ${task.token}`, { headers: { dpop: proofs.join(', ') } });
      },
      ...invalid,
      record: deny(/./),
    },
    changed('a proof for another URL', () => ({ path: '/mcp/mail' }), /it is for `http/),
    changed(
      'a proof for another origin',
      () => ({ claims: { htu: 'https://other.example/mcp/github' } }),
      /it is for `http/,
    ),
    changed(
      'a proof for a path that only begins alike',
      ({ url }) => ({ claims: { htu: `${url}/mcp/github/x` } }),
      /it is for `http/,
    ),
    changed('a proof for another method', () => ({ claims: { htm: 'GET' } }), /it is for the method/),
    changed(
      'a proof for the method in small letters',
      () => ({ claims: { htm: 'post' } }),
      /it is for the method/,
    ),
    changed('a proof of another token', () => ({ claims: { ath: 'A'.repeat(43) } }), /ath/),
    changed('a proof of no token', () => ({ claims: { ath: undefined } as never }), /ath/),
    changed('an old proof', () => ({ claims: { iat: now() - 3_600 } }), /iat|old/),
    changed('a proof from the future', () => ({ claims: { iat: now() + 3_600 } }), /s from now/),
    changed('a proof without a time', () => ({ claims: { iat: undefined } as never }), /iat/),
    changed('a proof whose time is a text', () => ({ claims: { iat: String(now()) } }), /iat/),
    changed('a proof without an id', () => ({ claims: { jti: undefined } as never }), /jti/),
    changed('a proof with an id of any length', () => ({ claims: { jti: 'x'.repeat(4_000) } }), /jti|long/),
    changed('a proof that is an ordinary JWT', () => ({ header: { typ: 'JWT' } }), /typ/),
    changed('a proof with `alg: none`', () => ({ header: { alg: 'none' } }), /alg/),
    changed('a proof with a symmetric algorithm', () => ({ header: { alg: 'HS256' } }), /alg/),
    changed(
      'a proof with a private key in it',
      () => ({ header: { jwk: { ...testKey().privateKey.export({ format: 'jwk' }) } as never } }),
      /./,
    ),
    {
      name: 'the key of a proof that was swapped for that of the token, without its signature',
      run: async () => {
        const task = await openTask(stage);
        const mallory = testKey();
        const { authorization, headers } = bound(stage, task.token, mallory, {
          header: { jwk: task.key.jwk },
        });
        return call(stage, authorization, { headers });
      },
      ...invalid,
      record: deny(/signature/),
    },
    {
      name: 'a replayed proof in a race of twenty: one call passes',
      run: async () => {
        const task = await openTask(stage);
        const { authorization, headers } = bound(stage, task.token, task.key);
        const all = await Promise.all(
          Array.from({ length: 20 }, () => call(stage, authorization, { headers })),
        );
        assert.deepEqual(all.map(({ status }) => status).sort(), [
          200,
          ...Array.from({ length: 19 }, () => 401),
        ]);
        return all.find(({ status }) => status === 401) as (typeof all)[number];
      },
      ...invalid,
      reaches: 1,
      record: deny(/used before/),
    },
    {
      name: 'a proof of the token end point at the task pages',
      run: async () => {
        const task = await openTask(stage);
        return send(`${stage.url}/tasks/${task.id}`, {
          method: 'DELETE',
          headers: { authorization: `DPoP ${task.token}`, dpop: formProof(stage, task.key) },
        });
      },
      ...invalid,
      record: {
        event: 'task page refused',
        'facts.code': 'token_invalid',
        'facts.detail': /it is for the method/,
        'facts.peer': '127.0.0.1',
      },
    },
    {
      name: 'a replayed proof at the token end point',
      run: async () => {
        const key = testKey();
        const proof = formProof(stage, key);
        assert.equal(
          (
            await exchange(stage, {
              key,
              proof,
              details: { type: 'mcp_task', actions: ['github:create_pr'] },
            })
          ).status,
          200,
        );
        return exchange(stage, { key, proof, details: { type: 'mcp_task', actions: ['github:create_pr'] } });
      },
      status: 400,
      code: 'invalid_dpop_proof',
      record: {
        event: 'request refused',
        'facts.endpoint': 'token',
        'facts.client': 'coder',
        'facts.code': 'invalid_dpop_proof',
        'facts.peer': '127.0.0.1',
      },
    },
    {
      name: 'a proof for another place at the token end point',
      run: () =>
        exchange(stage, { proof: formProof(stage, testKey(), { htu: `${stage.issuer}/introspect` }) }),
      status: 400,
      code: 'invalid_dpop_proof',
      record: { event: 'request refused', 'facts.code': 'invalid_dpop_proof', 'facts.client': 'coder' },
    },
    {
      name: 'a task without a key',
      run: () => exchange(stage, { proof: null }),
      status: 400,
      code: 'invalid_request',
      record: {
        event: 'task refused',
        'facts.agent': 'coder',
        'facts.code': 'invalid_request',
        'facts.peer': '127.0.0.1',
      },
    },
    {
      name: 'the key of a living task for another one',
      run: async () => {
        const { key } = await openTask(stage);
        return exchange(stage, { key, details: { type: 'mcp_task', actions: ['github:create_pr'] } });
      },
      status: 400,
      code: 'invalid_request',
      record: { event: 'task refused', 'facts.description': /bound to another task/ },
    },
  ],
);

test('a proof is good whatever case and default port its URL has, because both are the same URL', async () => {
  const task = await openTask(stage);
  const { authorization, headers } = bound(stage, task.token, task.key, {
    claims: { htu: `${stage.url.replace('http', 'HTTP')}/mcp/github?x=${randomUUID()}#f` },
  });
  assert.equal((await call(stage, authorization, { headers })).status, 200);
});

keepsSecrets(() => stage);
