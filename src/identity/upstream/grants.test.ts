import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, test } from 'node:test';
import { type ScriptedServer, scriptedServer } from '../../../test/fixtures/authorization-server.ts';
import { memoryDocuments } from '../../../test/fixtures/documents.ts';
import type { JsonObject } from '../../model/json.ts';
import { Refusal } from '../../model/refusal.ts';
import type { ServerId } from '../../model/server-id.ts';
import type { UpstreamCredential } from '../../pipeline/ports.ts';
import { testSubject } from '../../testing/pipeline-ports.ts';
import { guardedFetch } from '../guarded-fetch.ts';
import { localKek } from '../vault/local-kek.ts';
import { createVault } from '../vault/vault.ts';
import { createBroker } from './create-broker.ts';
import type { Broker, BrokerOptions, ServerAuth } from './options.ts';

const server = 'files' as ServerId;
const ada = testSubject();
const bob = testSubject({ user: { ...ada.user, subject: 'bob' } });
const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange';
const idToken = 'urn:ietf:params:oauth:token-type:id_token';
const idJag = 'urn:ietf:params:oauth:token-type:id-jag';

let upstream: ScriptedServer;
let skew = 0;
beforeEach(async () => {
  skew = 0;
  upstream = await scriptedServer();
  upstream.script.metadata = { token_endpoint_auth_methods_supported: ['client_secret_basic'] };
});
afterEach(() => upstream.close());

function brokerWith(auth: ServerAuth | undefined, change: Partial<BrokerOptions> = {}): Broker {
  const now = (): number => Date.now() + skew;
  const entry = { url: upstream.url, headers: { 'X-Team': 'blue' }, ...(auth && { auth }) };
  return createBroker({
    servers: { [server]: entry },
    vault: createVault({ documents: memoryDocuments({ now }), kek: localKek(randomBytes(32)) }),
    clock: { now },
    origin: 'https://gw.example',
    fetch: guardedFetch({ allowLoopback: true }),
    assets: '/as/assets',
    sessionUser: async () => undefined,
    report: () => undefined,
    ...change,
  });
}

async function credential({ broker }: Broker, subject = ada): Promise<UpstreamCredential> {
  const got = await broker.credential(server, subject);
  assert.ok('headers' in got && !(got instanceof Refusal), JSON.stringify(got));
  return got;
}

const authorizationOf = ({ headers }: UpstreamCredential): string | undefined => headers['Authorization'];

/** A signer whose signatures nobody looks at. */
const signer = {
  issuer: 'https://gw.example/as',
  sign: async (typ: string, claims: JsonObject) => `${typ}.${JSON.stringify(claims)}`,
  jwks: () => [],
};

test('without `auth` the configured headers go out', async () => {
  assert.deepEqual(await credential(brokerWith(undefined)), { headers: { 'X-Team': 'blue' } });
  assert.deepEqual(await credential(brokerWith({ kind: 'workload-mtls' })), {
    headers: { 'X-Team': 'blue' },
  });
});

test('client credentials: one token for all users, beside the configured headers', async () => {
  const broker = brokerWith({ kind: 'client-credentials', clientId: 'gw', clientSecret: 's' });
  const both = await Promise.all([credential(broker), credential(broker, bob)]);
  for (const { headers } of both)
    assert.deepEqual(headers, { 'X-Team': 'blue', Authorization: 'Bearer first' });
  assert.equal(upstream.tokenForms.length, 1);
  assert.equal(upstream.tokenForms[0]?.get('grant_type'), 'client_credentials');
  assert.equal(upstream.tokenForms[0]?.get('resource'), upstream.url);
});

test('client credentials by a signed assertion send no secret', async () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  await credential(brokerWith({ kind: 'client-credentials', clientId: 'gw', privateKey: pem }));
  const [form] = upstream.tokenForms;
  assert.equal(form?.get('client_assertion_type'), 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
  const claims = JSON.parse(
    Buffer.from(form?.get('client_assertion')?.split('.')[1] ?? '', 'base64url').toString(),
  );
  assert.deepEqual([claims.iss, claims.sub, claims.aud], ['gw', 'gw', upstream.origin]);
});

test('a token is fetched again when it ends, and when the server turns it down', async () => {
  const broker = brokerWith({ kind: 'client-credentials', clientId: 'gw', clientSecret: 's' });
  await credential(broker);
  skew = 3_600_000;
  const given = await credential(broker);
  assert.equal(upstream.tokenForms.length, 2);
  upstream.script.token = () => ({ access_token: 'next', token_type: 'Bearer' });
  const next = await given.renew?.({ status: 401, authenticate: 'Bearer', nonce: undefined });
  assert.ok(next !== undefined && 'headers' in next && !(next instanceof Refusal));
  assert.equal(authorizationOf(next), 'Bearer next');
});

test('scopes that a challenge names are asked for beside the others, once', async () => {
  const auth: ServerAuth = {
    kind: 'client-credentials',
    clientId: 'gw',
    clientSecret: 's',
    scopes: ['read'],
  };
  const given = await credential(brokerWith(auth));
  const challenge = {
    status: 403,
    authenticate: 'Bearer error="insufficient_scope", scope="write"',
    nonce: undefined,
  } as const;
  const next = await given.renew?.(challenge);
  assert.equal(upstream.tokenForms[1]?.get('scope'), 'read write');
  assert.ok(next !== undefined && 'headers' in next && !(next instanceof Refusal));
  assert.ok((await next.renew?.(challenge)) instanceof Refusal);
  assert.equal(upstream.tokenForms.length, 2);
});

test('a refusal of the token endpoint is not asked for again at once', async () => {
  upstream.script.token = () => ({ status: 400, error: 'invalid_grant' });
  const { broker } = brokerWith({ kind: 'workload-jwt' }, { jwtSvid: async () => 'svid' });
  for (const _time of [1, 2, 3]) assert.ok((await broker.credential(server, ada)) instanceof Refusal);
  assert.equal(upstream.tokenForms.length, 1);
});

test('a workload shows its JWT-SVID for the issuer as audience, and no client', async () => {
  const audiences: string[] = [];
  const jwtSvid = async (audience: string): Promise<string> => {
    audiences.push(audience);
    return 'svid';
  };
  await credential(brokerWith({ kind: 'workload-jwt' }, { jwtSvid }));
  const form = Object.fromEntries(upstream.tokenForms[0] ?? []);
  assert.deepEqual(form, { grant_type: jwtBearer, assertion: 'svid', resource: upstream.url });
  assert.deepEqual(audiences, [upstream.origin]);
});

test('a workload shows the SVID that is configured, and none that is no SPIFFE ID', async () => {
  const ids: (string | undefined)[] = [];
  const jwtSvid = async (_audience: string, id?: string): Promise<string> => {
    ids.push(id);
    return 'svid';
  };
  const spiffeId = 'spiffe://company.com/deputy';
  await credential(brokerWith({ kind: 'workload-jwt', spiffeId }, { jwtSvid }));
  assert.deepEqual(ids, [spiffeId]);
  for (const wrong of ['spiffe://company.com/agent/*', 'deputy']) {
    assert.throws(
      () => brokerWith({ kind: 'workload-jwt', spiffeId: wrong }, { jwtSvid }),
      /is no SPIFFE ID/,
    );
  }
});

test('exchange: each user has a token of their own, had for what the gateway says of them', async () => {
  const tokenEndpoint = `${upstream.origin}/token`;
  const broker = brokerWith(
    { kind: 'exchange', tokenEndpoint, clientId: 'gw', clientSecret: 's' },
    { signer },
  );
  upstream.script.token = (form) => ({
    access_token: String(JSON.parse(form.get('subject_token')?.slice('JWT.'.length) ?? '{}').sub),
    token_type: 'Bearer',
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  });
  assert.equal(authorizationOf(await credential(broker)), 'Bearer ada');
  assert.equal(authorizationOf(await credential(broker, bob)), 'Bearer bob');
  const [form] = upstream.tokenForms;
  assert.equal(form?.get('grant_type'), tokenExchange);
  const claims = JSON.parse(form?.get('subject_token')?.slice('JWT.'.length) ?? '{}');
  assert.equal(claims.aud, tokenEndpoint);
  assert.ok(claims.exp - claims.iat <= 60);
});

test('exchange: with a login provider only its word counts', async () => {
  const tokenEndpoint = `${upstream.origin}/token`;
  const auth: ServerAuth = { kind: 'exchange', tokenEndpoint, clientId: 'gw' };
  const login = { issuer: 'https://idp.example', clientId: 'gw' };
  const asked: (readonly string[])[] = [];
  const known = {
    ...login,
    subjectToken: async (_subject: unknown, types: readonly string[]) => {
      asked.push(types);
      return { token: 'id', type: idToken };
    },
  };
  await credential(brokerWith(auth, { signer, upstreamAssertion: known }));
  assert.equal(upstream.tokenForms[0]?.get('subject_token'), 'id');
  assert.equal(upstream.tokenForms[0]?.get('subject_token_type'), idToken);
  await credential(brokerWith({ ...auth, subjectToken: 'id_token' }, { upstreamAssertion: known }));
  assert.deepEqual(asked, [['access_token', 'id_token'], ['id_token']]);
  const { broker } = brokerWith(auth, {
    signer,
    upstreamAssertion: { ...login, subjectToken: async () => undefined },
  });
  assert.ok((await broker.credential(server, ada)) instanceof Refusal);
  assert.equal(upstream.tokenForms.length, 2);
});

test('identity assertion: had from the login provider, used at the upstream', async () => {
  const provider = await scriptedServer();
  try {
    provider.script.token = () => ({ access_token: 'the-jag', token_type: 'N_A', issued_token_type: idJag });
    const upstreamAssertion = {
      issuer: provider.origin,
      clientId: 'gw-at-idp',
      subjectToken: async () => ({ token: 'id', type: idToken }),
    };
    await credential(
      brokerWith({ kind: 'identity-assertion', clientId: 'gw', clientSecret: 's' }, { upstreamAssertion }),
    );
    const [asked] = provider.tokenForms;
    assert.equal(asked?.get('requested_token_type'), idJag);
    assert.equal(asked?.get('audience'), upstream.origin);
    assert.equal(asked?.get('resource'), upstream.url);
    assert.equal(upstream.tokenForms[0]?.get('assertion'), 'the-jag');
    provider.script.token = () => ({ access_token: 'x', token_type: 'Bearer', issued_token_type: idToken });
    const { broker } = brokerWith({ kind: 'identity-assertion', clientId: 'gw' }, { upstreamAssertion });
    assert.ok((await broker.credential(server, ada)) instanceof Refusal);
  } finally {
    await provider.close();
  }
});

test('identity assertion without a login provider: the gateway vouches for its own users', async () => {
  await credential(brokerWith({ kind: 'identity-assertion', clientId: 'gw', clientSecret: 's' }, { signer }));
  const assertion = upstream.tokenForms[0]?.get('assertion') ?? '';
  assert.ok(assertion.startsWith('oauth-id-jag+jwt.'));
  const claims = JSON.parse(assertion.slice('oauth-id-jag+jwt.'.length));
  assert.deepEqual(
    [claims.iss, claims.sub, claims.aud, claims.client_id, claims.resource],
    ['https://gw.example/as', 'ada', upstream.origin, 'gw', upstream.url],
  );
});

for (const [what, entry, words] of [
  [
    'a header beside a token',
    { url: 'https://x.example/mcp', headers: { authorization: 'x' } },
    /remove one of them/,
  ],
  ['a process', { headers: {} }, /a process has none/],
] as const) {
  test(`settings that give ${what} are refused`, () => {
    const auth: ServerAuth = { kind: 'client-credentials', clientId: 'gw' };
    const servers = { [server]: { ...entry, auth } };
    assert.throws(() => brokerWith(undefined, { servers }), words);
  });
}

test('a workload without SPIFFE is refused at the start', () => {
  assert.throws(() => brokerWith({ kind: 'workload-jwt' }), /server `files`: .*needs `spiffe`/);
});
