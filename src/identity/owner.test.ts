import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { Refusal } from '../model/refusal.ts';
import type { Credentials } from '../pipeline/ports.ts';
import { createIdentity } from './identity.ts';
import { createOwner } from './owner.ts';

const base = 'http://127.0.0.1:4000/mcp';
const clock = { now: () => 1_800_000_000_000, uuid: () => 'id-1' };
const key = randomBytes(32);
const owner = createOwner({ key, issuer: 'urn:bartizan:owner', subject: 'me', clock });
const show = (token: string, resource: string): Credentials => ({
  authorization: `Bearer ${token}`,
  resource,
  metadataUrl: 'http://127.0.0.1:4000/.well-known/oauth-protected-resource/mcp',
  header: () => undefined,
  peer: '127.0.0.1',
  method: 'POST',
  url: 'https://gateway.example/mcp',
});

test('an owner token is good at its resource and at every server below it, and nowhere else', async () => {
  const identity = createIdentity({ issuers: [owner.issuer], scopes: ['mcp'], clock });
  const token = owner.issue({ resources: [base], ttlSeconds: 600 });
  for (const resource of [base, `${base}/files`]) {
    const subject = await identity.identify(show(token, resource));
    assert.ok(!(subject instanceof Refusal), resource);
    assert.deepEqual(subject.user.roles, ['owner']);
    assert.equal(subject.user.subject, 'me');
    assert.equal(subject.agent.id, 'local');
    assert.equal(subject.device.managed, true);
  }
  for (const resource of [
    'http://127.0.0.1:4000/mcp-x',
    'http://127.0.0.1:4000',
    'http://127.0.0.1:40000/mcp',
  ]) {
    assert.ok((await identity.identify(show(token, resource))) instanceof Refusal, resource);
  }
});

test('an owner token for one server is not good at its neighbour or above', async () => {
  const identity = createIdentity({ issuers: [owner.issuer], clock });
  const token = owner.issue({ resources: [`${base}/files`], ttlSeconds: 600, agent: 'cursor', roles: [] });
  const subject = await identity.identify(show(token, `${base}/files`));
  assert.ok(!(subject instanceof Refusal));
  assert.equal(subject.agent.id, 'cursor');
  assert.deepEqual(subject.user.roles, []);
  for (const resource of [base, `${base}/git`, `${base}/files2`]) {
    assert.ok((await identity.identify(show(token, resource))) instanceof Refusal, resource);
  }
});

test('an owner token is what an independent verifier takes for an access token', async () => {
  const token = owner.issue({ resources: [base], ttlSeconds: 600 });
  const keys = createLocalJWKSet({ keys: owner.issuer.jwks } as unknown as JSONWebKeySet);
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    issuer: 'urn:bartizan:owner',
    audience: base,
    typ: 'at+jwt',
    algorithms: ['EdDSA'],
    requiredClaims: ['sub', 'client_id', 'jti', 'iat', 'exp'],
    currentDate: new Date(clock.now()),
  });
  assert.equal(payload.exp, 1_800_000_600);
  assert.equal(protectedHeader.alg, 'EdDSA');
});

test('the same key is the same owner after a restart, another key is not', async () => {
  const token = owner.issue({ resources: [base], ttlSeconds: 600 });
  const options = { issuer: 'urn:bartizan:owner', subject: 'me', clock };
  const again = createIdentity({ issuers: [createOwner({ ...options, key }).issuer], clock });
  assert.ok(!((await again.identify(show(token, base))) instanceof Refusal));
  const other = createIdentity({
    issuers: [createOwner({ ...options, key: randomBytes(32) }).issuer],
    clock,
  });
  assert.ok((await other.identify(show(token, base))) instanceof Refusal);
});

test('a key of another length is refused', () => {
  assert.throws(
    () => createOwner({ key: randomBytes(31), issuer: 'i', subject: 's', clock }),
    /has 31 bytes/,
  );
});
