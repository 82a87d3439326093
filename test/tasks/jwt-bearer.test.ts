import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import { TokenFailure } from '../../src/identity/failure.ts';
import { GrantError, type GrantHandler, type GrantRequest } from '../../src/identity/server/grant.ts';
import { createAssertionVerifier } from '../../src/identity/task/verify-assertion.ts';
import { createJwtBearerGrant } from '../../src/identity/task/workload-grant.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { SpiffeId } from '../../src/model/spiffe-id.ts';
import { memoryReplayCache } from '../../src/store/memory/replay-cache.ts';
import { claimsOf, issuer, origin } from './exchange-desk.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const idp = 'https://idp.example';
const app = { id: 'https://app.example/meta', authentication: 'private_key_jwt' } as const;
const now = Math.floor(Date.now() / 1000);
let ids = 0;

function jwt(header: JsonObject, claims: JsonObject, key: KeyObject = privateKey): string {
  const body = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${body}.${sign('sha256', Buffer.from(body), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

function jag(change: JsonObject = {}, header: JsonObject = {}, key?: KeyObject): string {
  const claims = {
    iss: idp,
    sub: 'ada',
    aud: issuer,
    client_id: app.id,
    resource: `${origin}/mcp/github`,
    scope: 'tools:call admin',
    jti: `jti-${++ids}`,
    iat: now,
    exp: now + 300,
    ...change,
  };
  return jwt({ typ: 'oauth-id-jag+jwt', alg: 'ES256', kid: 'k', ...header }, claims, key);
}

function open(senderConstrained: 'optional' | 'required' = 'optional'): GrantHandler {
  const clock = { now: Date.now, uuid: () => `id-${++ids}` };
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256' } as JsonObject;
  const common = {
    signer: {
      issuer,
      sign: async (typ: string, claims: JsonObject) =>
        `${typ}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`,
      jwks: () => [],
    },
    clock,
    resources: () => [
      { resource: `${origin}/mcp`, scopes: ['tools:call'] },
      { resource: `${origin}/mcp/github`, scopes: ['tools:call', 'resources:read'] },
    ],
    seconds: 600,
    senderConstrained,
  };
  return createJwtBearerGrant({
    identityAssertions: {
      ...common,
      replay: memoryReplayCache(clock),
      verify: createAssertionVerifier({
        issuers: [{ issuer: idp, jwks: [jwk] }],
        typ: 'oauth-id-jag+jwt',
        clock,
      }),
    },
    workloads: {
      ...common,
      verifySvid: async (token) => {
        const [, payload = ''] = token.split('.');
        const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as JsonObject;
        if (claims['forged'] === true) return new TokenFailure('forged');
        return { id: String(claims['sub']) as SpiffeId, claims };
      },
      isKnown: (id) => id.startsWith('spiffe://company.com/agent/'),
    },
  });
}

function ask(
  assertion: string,
  change: Partial<GrantRequest> = {},
  parameters: Record<string, string> = {},
): GrantRequest {
  return {
    client: app,
    resources: [],
    binding: undefined,
    peer: '',
    ...change,
    parameters: { assertion, ...parameters },
  };
}

async function codeOf(answer: Promise<JsonObject>): Promise<string> {
  return answer.then(
    () => 'granted',
    (fault: unknown) =>
      fault instanceof GrantError ? `${fault.code}: ${fault.description}` : assert.fail(String(fault)),
  );
}

test('an identity assertion gives a token for its resource alone, with the scopes that both sides know', async () => {
  const answer = await open().grant(ask(jag()));
  const claims = claimsOf(answer);
  assert.equal(claims['aud'], `${origin}/mcp/github`);
  assert.equal(claims['scope'], 'tools:call');
  assert.equal(claims['client_id'], app.id);
  assert.deepEqual(claims['sub_id'], { format: 'iss_sub', iss: idp, sub: 'ada' });
  assert.equal(claims['txn'], undefined);
  assert.deepEqual([answer['token_type'], answer['expires_in']], ['Bearer', 600]);
});

test('an assertion that is bound to a key gives a token that is bound to it', async () => {
  const answer = await open().grant(ask(jag({ cnf: { jkt: 'mine' } }), { binding: { jkt: 'mine' } }));
  assert.deepEqual([claimsOf(answer)['cnf'], answer['token_type']], [{ jkt: 'mine' }, 'DPoP']);
  for (const binding of [undefined, { jkt: 'thine' }, { 'x5t#S256': 'mine' }]) {
    assert.match(
      await codeOf(open().grant(ask(jag({ cnf: { jkt: 'mine' } }), { binding }))),
      /^invalid_grant.*cnf/,
    );
  }
});

test('an assertion counts once, and one that was refused for a fault of the request can be sent again', async () => {
  const grant = open();
  const assertion = jag();
  assert.match(
    await codeOf(grant.grant(ask(assertion, { resources: [`${origin}/mcp`] }))),
    /^invalid_target/,
  );
  assert.equal(await codeOf(grant.grant(ask(assertion))), 'granted');
  assert.match(await codeOf(grant.grant(ask(assertion))), /^invalid_grant.*used before/);
});

const table: Readonly<Record<string, readonly [() => GrantRequest, RegExp]>> = {
  'of an issuer that nobody trusts': [
    () => ask(jag({ iss: 'https://evil.example' })),
    /^invalid_grant.*identityAssertions/,
  ],
  'with a wrong signature': [() => ask(jag({}, {}, other.privateKey)), /^invalid_grant/],
  'of another type': [() => ask(jag({}, { typ: 'at+jwt' })), /^invalid_grant/],
  'without a signature': [() => ask(jag({}, { alg: 'none' })), /^invalid_grant/],
  'for another server': [() => ask(jag({ aud: 'https://other.example' })), /^invalid_grant.*aud/],
  'for us and another server': [
    () => ask(jag({ aud: [issuer, 'https://other.example'] })),
    /^invalid_grant.*aud/,
  ],
  'of another client': [() => ask(jag({ client_id: 'other' })), /^invalid_grant.*another client/],
  'without a client': [() => ask(jag(), { client: undefined }), /^invalid_client/],
  'that has expired': [() => ask(jag({ iat: now - 400, exp: now - 60 })), /^invalid_grant.*expired/],
  'of the future': [() => ask(jag({ iat: now + 120 })), /^invalid_grant.*not valid yet/],
  'that lives for a day': [() => ask(jag({ exp: now + 86_400 })), /^invalid_grant.*longer/],
  'without `exp`': [() => ask(jag({ exp: null })), /^invalid_grant.*exp/],
  'without `jti`': [() => ask(jag({ jti: null })), /^invalid_grant.*jti/],
  'without a resource': [() => ask(jag({ resource: null })), /^invalid_grant.*resource/],
  'for a resource of somebody else': [
    () => ask(jag({ resource: 'https://other.example/mcp' })),
    /^invalid_target/,
  ],
  'that is no JWT': [() => ask('sesame'), /^invalid_grant/],
  'that is missing': [() => ask(''), /^invalid_request.*assertion/],
};

for (const [name, [request, expected]] of Object.entries(table)) {
  test(`refuses an assertion ${name}`, async () => {
    assert.match(await codeOf(open().grant(request())), expected);
  });
}

const svid = (sub: string, more: JsonObject = {}): string =>
  jwt({ typ: 'JWT', alg: 'ES256' }, { sub, aud: issuer, ...more });

test('a workload gets a token where user and agent are its SPIFFE ID (SEP-1933)', async () => {
  const id = 'spiffe://company.com/agent/nightly';
  const answer = await open().grant(
    ask(
      svid(id),
      { client: undefined, resources: [`${origin}/mcp`], binding: { jkt: 'k' } },
      { scope: 'tools:call admin' },
    ),
  );
  const claims = claimsOf(answer);
  assert.deepEqual([claims['sub'], claims['client_id'], claims['aud']], [id, id, `${origin}/mcp`]);
  assert.deepEqual([claims['scope'], claims['cnf']], ['tools:call', { jkt: 'k' }]);
});

test('a workload that is not known, not verified or not the client gets none', async () => {
  const known = 'spiffe://company.com/agent/nightly';
  assert.match(
    await codeOf(open().grant(ask(svid('spiffe://evil.com/agent/x'), { client: undefined }))),
    /agents/,
  );
  assert.match(
    await codeOf(open().grant(ask(svid(known, { forged: true }), { client: undefined }))),
    /^invalid_grant/,
  );
  assert.match(await codeOf(open().grant(ask(svid(known)))), /another workload/);
  const bare = open('required').grant(ask(svid(known), { client: undefined, resources: [`${origin}/mcp`] }));
  assert.match(await codeOf(bare), /^invalid_request.*DPoP/);
});
