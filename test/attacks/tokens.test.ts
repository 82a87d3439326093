import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import type { JsonObject } from '../../src/model/json.ts';
import { testKey } from '../../src/testing/dpop.ts';
import { type Attack, attacks, keepsSecrets } from './attack.ts';
import { call, now, openTask, send, token } from './moves.ts';
import { openStage, type Stage } from './stage.ts';

const stage: Stage = await openStage({ after });
const invalid = { status: 401, code: 'token_invalid' } as const;
const deny = (detail: RegExp): Attack['record'] => ({
  decision: 'deny',
  stage: 'identify',
  denial: 'token_invalid',
  detail,
  'environment.peer': '127.0.0.1',
});
const challenge = /^Bearer .*error="invalid_token"/;

/** A token that is signed with something that everybody knows. */
function signedWith(secret: string, header: JsonObject, claims: JsonObject): string {
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return stage.secret(`${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`);
}

function usual(): JsonObject {
  const iat = now();
  const aud = `${stage.url}/mcp/github`;
  return {
    iss: stage.idp.issuer,
    sub: 'ada',
    client_id: 'tester',
    aud,
    iat,
    exp: iat + 600,
    jti: randomUUID(),
  };
}

attacks(
  () => stage,
  [
    {
      name: 'a token of another audience',
      run: () => call(stage, `Bearer ${token(stage, { aud: 'https://other.example/mcp' })}`),
      ...invalid,
      challenge,
      record: deny(/the token is for \["https:\/\/other\.example\/mcp"\]/),
    },
    {
      name: 'a token for another virtual server of the same gateway',
      run: () => call(stage, `Bearer ${token(stage, { aud: `${stage.url}/mcp/mail` })}`),
      ...invalid,
      challenge,
      record: deny(/mcp\/mail.*not for .*mcp\/github/),
    },
    ...['/', ':80', '/.', '?x', '#x', '/%67ithub'].map(
      (end): Attack => ({
        name: `a token whose audience only looks like the resource (\`${end}\`)`,
        run: () => call(stage, `Bearer ${token(stage, { aud: `${stage.url}/mcp/github${end}` })}`),
        ...invalid,
        challenge,
        record: deny(/the token is for/),
      }),
    ),
    {
      name: 'a token for the resource in capitals, or of another scheme',
      run: () =>
        call(
          stage,
          `Bearer ${token(stage, { aud: [`${stage.url}/MCP/github`, `${stage.url}/mcp/github`.replace('http:', 'HTTP:')] })}`,
        ),
      ...invalid,
      challenge,
      record: deny(/the token is for/),
    },
    {
      name: 'a token of a provider that nobody configured',
      run: () =>
        call(stage, `Bearer ${stage.secret(stage.stranger.token({ aud: `${stage.url}/mcp/github` }))}`),
      ...invalid,
      challenge,
      record: deny(/issuer/),
    },
    {
      name: 'a token that names a trusted issuer and is signed by another trusted one',
      run: () =>
        call(
          stage,
          `Bearer ${stage.secret(stage.other.token({ aud: `${stage.url}/mcp/github`, iss: stage.idp.issuer }))}`,
        ),
      ...invalid,
      challenge,
      record: deny(/key/),
    },
    {
      name: 'a token whose issuer differs by a slash',
      run: () => call(stage, `Bearer ${token(stage, { iss: `${stage.idp.issuer}/` })}`),
      ...invalid,
      challenge,
      record: deny(/issuer/),
    },
    {
      name: 'a token signed with a key of its own under the name of the real one',
      run: () => call(stage, `Bearer ${stage.secret(stage.idp.forged({ aud: `${stage.url}/mcp/github` }))}`),
      ...invalid,
      challenge,
      record: deny(/signature/),
    },
    ...['none', 'None', 'NONE', ''].map(
      (alg): Attack => ({
        name: `\`alg: ${alg}\` without a signature`,
        run: () => {
          const text = [{ typ: 'at+jwt', alg }, usual()]
            .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
            .join('.');
          return call(stage, `Bearer ${stage.secret(`${text}.`)}`);
        },
        ...invalid,
        challenge,
        record: deny(/./),
      }),
    ),
    {
      name: '`alg` confusion: HMAC with the public key as the secret',
      run: async () => {
        const { keys } = (await (await fetch(`${stage.issuer}/jwks`)).json()) as { keys: [JsonObject] };
        const claims = { ...usual(), iss: stage.issuer };
        const header = { typ: 'at+jwt', alg: 'HS256', kid: String(keys[0]['kid']) };
        return call(stage, `Bearer ${signedWith(JSON.stringify(keys[0]), header, claims)}`);
      },
      ...invalid,
      challenge,
      record: deny(/alg|HS256/),
    },
    ...[
      '../../../dev/null',
      "' OR '1'='1",
      '__proto__',
      'constructor',
      '/proc/self/environ',
      'x'.repeat(4000),
      '\u0000',
    ].map(
      (kid): Attack => ({
        name: `\`kid\` injection: ${JSON.stringify(kid).slice(0, 30)}`,
        run: () => call(stage, `Bearer ${token(stage, {}, { kid })}`),
        ...invalid,
        challenge,
        record: deny(/./),
      }),
    ),
    ...['jwk', 'jku', 'x5u', 'x5c'].map(
      (member): Attack => ({
        name: `a key that the token itself brings (\`${member}\`)`,
        run: () => {
          const mallory = testKey();
          const value =
            member === 'jwk' ? mallory.jwk : member === 'x5c' ? ['MIIB'] : `${stage.mail.origin}/jwks`;
          const header = { typ: 'at+jwt', alg: 'ES256', kid: 'mallory', [member]: value };
          return call(stage, `Bearer ${stage.secret(mallory.sign(header, usual()))}`);
        },
        ...invalid,
        challenge,
        record: deny(/./),
      }),
    ),
    {
      name: 'a critical header that nobody knows',
      run: () => call(stage, `Bearer ${token(stage, {}, { crit: ['b64'], b64: false })}`),
      ...invalid,
      challenge,
      record: deny(/crit/),
    },
    {
      name: 'an ID token, or any other JWT of the provider',
      run: () => call(stage, `Bearer ${token(stage, {}, { typ: 'JWT' })}`),
      ...invalid,
      challenge,
      record: deny(/typ/),
    },
    {
      name: 'an expired token',
      run: () => call(stage, `Bearer ${token(stage, { iat: now() - 700, exp: now() - 60 })}`),
      ...invalid,
      challenge,
      record: deny(/expired/),
    },
    {
      name: 'a token that expired just beyond the leeway',
      run: () => call(stage, `Bearer ${token(stage, { iat: now() - 700, exp: now() - 31 })}`),
      ...invalid,
      challenge,
      record: deny(/expired/),
    },
    {
      name: 'a token that is not yet valid',
      run: () => call(stage, `Bearer ${token(stage, { nbf: now() + 600 })}`),
      ...invalid,
      challenge,
      record: deny(/not.*valid|nbf/),
    },
    {
      name: 'a token from the future',
      run: () => call(stage, `Bearer ${token(stage, { iat: now() + 600, exp: now() + 1_200 })}`),
      ...invalid,
      challenge,
      record: deny(/iat|future|issued/),
    },
    ...[undefined, '9999999999', null, -1, Number.NaN].map(
      (exp): Attack => ({
        name: `a token whose end is ${JSON.stringify(exp) ?? 'not there'} (${String(exp)})`,
        run: () => call(stage, `Bearer ${token(stage, { exp } as JsonObject)}`),
        ...invalid,
        challenge,
        record: deny(/./),
      }),
    ),
    {
      name: 'a token of another issuer that says what only our own server says of a task',
      run: () =>
        call(
          stage,
          `Bearer ${token(stage, { iss: stage.issuer, txn: 'forged', authorization_details: [{ type: 'mcp_task', actions: ['*'] }] })}`,
        ),
      ...invalid,
      challenge,
      record: deny(/./),
    },
    {
      name: 'a token in the query string',
      run: () => call(stage, undefined, { path: `/mcp/github?access_token=${token(stage)}` }),
      status: 401,
      code: 'token_missing',
      challenge: /^Bearer resource_metadata=/,
      record: { decision: 'deny', denial: 'token_missing', 'environment.peer': '127.0.0.1' },
    },
    {
      name: 'a token in the body, as a form',
      run: () =>
        send(`${stage.url}/mcp/github`, {
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            accept: 'application/json, text/event-stream',
            'mcp-protocol-version': '2026-07-28',
          },
          body: `access_token=${token(stage)}`,
        }),
      status: 415,
      code: 'unsupported_media_type',
      record: 'nobody',
    },
    {
      name: 'two `Authorization` headers, the good one last',
      run: () =>
        call(stage, undefined, { headers: { authorization: ['Bearer forged', `Bearer ${token(stage)}`] } }),
      status: 400,
      code: 'invalid_request',
      record: 'nobody',
    },
    {
      name: 'two tokens in one header',
      run: () => call(stage, `Bearer ${token(stage)}, Bearer ${token(stage)}`),
      ...invalid,
      challenge,
      record: deny(/not one bearer token/),
    },
    {
      name: 'a token with a member that comes twice',
      run: () => {
        const good = token(stage).split('.');
        const text = Buffer.from(good[1] ?? '', 'base64url')
          .toString()
          .replace('{', '{"sub":"root",');
        return call(
          stage,
          `Bearer ${stage.secret([good[0], Buffer.from(text).toString('base64url'), good[2]].join('.'))}`,
        );
      },
      ...invalid,
      challenge,
      record: deny(/twice|duplicate|signature/),
    },
    {
      name: 'a task token of our own server whose actions were widened',
      run: async () => {
        const [head, body = '', signature] = (await openTask(stage)).token.split('.');
        const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as JsonObject;
        const wide = { ...claims, authorization_details: [{ type: 'mcp_task', actions: ['*'] }] };
        const forged = [head, Buffer.from(JSON.stringify(wide)).toString('base64url'), signature].join('.');
        return call(stage, `DPoP ${stage.secret(forged)}`);
      },
      ...invalid,
      challenge: /error="invalid_token"/,
      record: deny(/signature/),
    },
  ],
);

test('the same `sub` of another issuer is another user, and what it says of tasks and users is only a claim', async () => {
  const claims = {
    aud: `${stage.url}/mcp/github`,
    sub: 'ada',
    txn: 'a-task',
    sub_id: { format: 'iss_sub', iss: stage.idp.issuer, sub: 'root' },
    authorization_details: [{ type: 'mcp_task', actions: ['github:*'] }],
    task_ancestors: ['above'],
  };
  for (const [provider, issuer] of [
    [stage.idp, stage.idp.issuer],
    [stage.other, stage.other.issuer],
  ] as const) {
    const { status } = await call(stage, `Bearer ${stage.secret(provider.token(claims))}`);
    assert.equal(status, 200);
    const record = (await stage.records()).findLast(({ kind }) => kind === 'decision') as JsonObject;
    const subject = record['subject'] as JsonObject;
    assert.deepEqual([subject['user'], subject['issuer'], subject['task']], ['ada', issuer, undefined]);
  }
});

keepsSecrets(() => stage);
