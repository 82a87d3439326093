import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ScriptedServer, scriptedServer } from '../../test/fixtures/authorization-server.ts';
import { memoryDocuments } from '../../test/fixtures/documents.ts';
import { guardedFetch } from '../identity/guarded-fetch.ts';
import { localKek } from '../identity/vault/local-kek.ts';
import { createVault, type Vault } from '../identity/vault/vault.ts';
import { testSubject } from '../testing/pipeline-ports.ts';
import { type LoginTokens, loginTokens } from './login-tokens.ts';

const ada = testSubject();
const access = 'urn:ietf:params:oauth:token-type:access_token';
const id = 'urn:ietf:params:oauth:token-type:id_token';
const refresh = 'urn:ietf:params:oauth:token-type:refresh_token';
const forExchange = ['access_token', 'id_token'] as const;
const forAssertion = ['id_token', 'refresh_token'] as const;
const hour = 3_600_000;

let provider: ScriptedServer;
let vault: Vault;
let skew = 0;
const clock = { now: (): number => Date.now() + skew };

beforeEach(async () => {
  skew = 0;
  provider = await scriptedServer();
  vault = createVault({ documents: memoryDocuments(clock), kek: localKek(randomBytes(32)) });
  let rotation = 0;
  provider.script.token = () => {
    rotation++;
    const refreshed = { access_token: `access-${rotation}`, refresh_token: `refresh-${rotation}` };
    return { ...refreshed, token_type: 'Bearer', expires_in: 60 };
  };
});
afterEach(() => provider.close());

function replica(issuer = provider.origin): LoginTokens {
  const fetch = guardedFetch({ allowLoopback: true });
  return loginTokens(vault, clock, { fetch, provider: { issuer, clientId: 'gateway' } });
}

interface Given {
  readonly accessToken?: string;
  readonly refreshToken?: string;
}

/** A login whose tokens live for an hour. */
async function logIn(tokens: LoginTokens, given: Given): Promise<void> {
  const expiresAt = clock.now() + hour;
  const claims = { sub: 'ada-there' };
  const ends = given.accessToken === undefined ? {} : { accessTokenExpiresAt: expiresAt };
  await tokens.keep(ada.user, { idToken: 'id', expiresAt, claims, ...ends, ...given });
}

function shownRefreshTokens(): readonly (string | null)[] {
  return provider.tokenForms.map((form) => form.get('refresh_token'));
}

/** A token that counts over TLS alone (OpenID Connect Core section 3.1.3.7). */
function idTokenOf(sub: string): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: provider.origin, aud: 'gateway', sub, iat: now, exp: now + 7200 };
  const parts = [{ alg: 'RS256' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  return `${parts.join('.')}.c2ln`;
}

test('what is asked for first is shown first', async () => {
  const tokens = replica();
  await logIn(tokens, { accessToken: 'access', refreshToken: 'r' });
  assert.deepEqual(await tokens.subjectToken(ada, forExchange), { token: 'access', type: access });
  assert.deepEqual(await tokens.subjectToken(ada, ['id_token']), { token: 'id', type: id });
  assert.deepEqual(await tokens.subjectToken(ada, forAssertion), { token: 'id', type: id });
  assert.deepEqual(provider.tokenForms, []);
  const bob = testSubject({ user: { ...ada.user, subject: 'bob' } });
  assert.equal(await tokens.subjectToken(bob, forExchange), undefined);
});

test('a login without an access token shows its ID token', async () => {
  const tokens = replica();
  await logIn(tokens, {});
  assert.deepEqual(await tokens.subjectToken(ada, forExchange), { token: 'id', type: id });
});

test('what has ended without a refresh token needs a login, whatever else there is', async () => {
  const tokens = replica();
  const expiresAt = clock.now() + 2 * hour;
  const ends = { expiresAt, accessTokenExpiresAt: clock.now() + hour };
  await tokens.keep(ada.user, { idToken: 'id', accessToken: 'access', claims: {}, ...ends });
  skew = hour;
  assert.equal(await tokens.subjectToken(ada, forExchange), undefined);
  assert.deepEqual(provider.tokenForms, []);
});

test('an ended access token is renewed once for all who wait, and the rotated refresh token is shown next', async () => {
  const [one, other] = [replica(), replica()];
  await logIn(one, { accessToken: 'access', refreshToken: 'refresh-0' });
  skew = hour;
  const { token } = provider.script;
  provider.script.token = async (...asking) => {
    // Longer than a replica waits before it looks again.
    await sleep(200);
    return token(...asking);
  };
  const asked = [one, one, other, other].map((tokens) => tokens.subjectToken(ada, forExchange));
  for (const got of await Promise.all(asked)) assert.deepEqual(got, { token: 'access-1', type: access });
  skew = hour + 60_000;
  assert.equal((await other.subjectToken(ada, forExchange))?.token, 'access-2');
  assert.deepEqual(shownRefreshTokens(), ['refresh-0', 'refresh-1']);
});

test('an ended ID token is renewed; where none comes the refresh token speaks for the user', async () => {
  const tokens = replica();
  await logIn(tokens, { accessToken: 'access', refreshToken: 'refresh-0' });
  skew = hour;
  assert.deepEqual(await tokens.subjectToken(ada, forAssertion), { token: 'refresh-1', type: refresh });
  assert.equal(await tokens.subjectToken(ada, ['id_token']), undefined);
  await logIn(tokens, { accessToken: 'access', refreshToken: 'refresh-2' });
  skew = 2 * hour;
  const fresh = idTokenOf('ada-there');
  provider.script.token = () => ({ access_token: 'a', token_type: 'Bearer', id_token: fresh });
  skew = hour + hour - 4_000;
  assert.deepEqual(await tokens.subjectToken(ada, forAssertion), { token: fresh, type: id });
  // The provider gave no other refresh token, so this one goes on (RFC 6749 section 6).
  skew += hour;
  assert.equal((await tokens.subjectToken(ada, forExchange))?.token, 'a');
  assert.deepEqual(shownRefreshTokens(), ['refresh-0', 'refresh-2', 'refresh-2']);
});

test('a renewal that speaks of another user is thrown away with the login', async () => {
  const tokens = replica();
  await logIn(tokens, { accessToken: 'access', refreshToken: 'r' });
  skew = hour;
  provider.script.token = () => ({ access_token: 'a', token_type: 'Bearer', id_token: idTokenOf('mallory') });
  for (const types of [forExchange, forAssertion])
    assert.equal(await tokens.subjectToken(ada, types), undefined);
  assert.equal(provider.tokenForms.length, 1);
});

test('a refresh token that was refused is shown no more: a login is needed', async () => {
  const tokens = replica();
  await logIn(tokens, { accessToken: 'access', refreshToken: 'r' });
  skew = hour;
  provider.script.token = () => ({ status: 400, error: 'invalid_grant' });
  for (const _ of [1, 2]) assert.equal(await tokens.subjectToken(ada, forExchange), undefined);
  assert.equal(provider.tokenForms.length, 1);
});

test('a provider that cannot be asked, or does not know the gateway, costs no login', async () => {
  const tokens = replica();
  await logIn(tokens, { accessToken: 'access', refreshToken: 'refresh-0' });
  skew = hour;
  const { token } = provider.script;
  for (const refusal of [{ status: 503 }, { status: 401, error: 'invalid_client' }]) {
    provider.script.token = () => refusal;
    await assert.rejects(tokens.subjectToken(ada, forExchange));
  }
  provider.script.token = token;
  assert.equal((await tokens.subjectToken(ada, forExchange))?.token, 'access-1');
  assert.deepEqual(shownRefreshTokens(), ['refresh-0', 'refresh-0', 'refresh-0']);
});

test('a login during a renewal counts, though the renewal ends later', async () => {
  const tokens = replica();
  await logIn(tokens, { accessToken: 'access', refreshToken: 'refresh-0' });
  skew = hour;
  provider.script.token = async () => {
    await logIn(replica(), { accessToken: 'newer', refreshToken: 'newer-refresh' });
    return { status: 400, error: 'invalid_grant' };
  };
  assert.equal((await tokens.subjectToken(ada, forExchange))?.token, 'newer');
  assert.equal(provider.tokenForms.length, 1);
});
