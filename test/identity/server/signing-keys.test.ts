import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLocalJWKSet, decodeProtectedHeader, type JWK, jwtVerify } from 'jose';
import {
  openSigningKeys,
  type SigningKeys,
  type SigningKeysOptions,
} from '../../../src/identity/server/signing-keys.ts';
import { memoryDocuments } from '../../../src/store/memory/documents.ts';
import { listen, plainWrapKey } from './listening-server.ts';

const minute = 60_000;

function options(now: () => number): SigningKeysOptions {
  return {
    issuer: 'https://gateway.example/as',
    documents: memoryDocuments({ now }),
    wrapKey: plainWrapKey,
    now,
    publishAheadMs: 10 * minute,
    keepMs: 60 * minute,
    rotateAfterMs: 24 * 60 * minute,
  };
}

function kids(keys: SigningKeys): readonly unknown[] {
  return keys.published().map(({ kid }) => kid);
}

test('a new key is published before it is used, and the old one stays until its tokens are over', async () => {
  const clock = { now: 1_000_000_000 };
  const keys = await openSigningKeys(options(() => clock.now));
  const old = keys.active().kid;
  await keys.rotate();
  const [, next] = kids(keys);
  assert.equal(kids(keys).length, 2);
  assert.equal(keys.active().kid, old);
  clock.now += 10 * minute;
  assert.equal(keys.active().kid, next);
  clock.now += 59 * minute;
  await keys.refresh();
  assert.deepEqual(kids(keys), [old, next]);
  clock.now += 2 * minute;
  await keys.refresh();
  assert.deepEqual(kids(keys), [next]);
});

test('replicas agree on the first key, on the next one, and on when it is used', async () => {
  const clock = { now: 1_000_000_000 };
  const shared = options(() => clock.now);
  const [one, two] = await Promise.all([openSigningKeys(shared), openSigningKeys(shared)]);
  assert.deepEqual(kids(one), kids(two));
  assert.deepEqual(one.secret('cookies'), two.secret('cookies'));
  await one.rotate();
  await two.refresh();
  assert.deepEqual(kids(one), kids(two));
  clock.now += 10 * minute;
  assert.equal(one.active().kid, two.active().kid);
  clock.now += 25 * 60 * minute;
  await Promise.all([one.refresh(), two.refresh()]);
  await Promise.all([one.refresh(), two.refresh()]);
  assert.deepEqual(kids(one), kids(two));
  assert.equal(kids(one).length, 2);
});

test('private keys stand in the store wrapped, and none can take the place of another', async () => {
  const seen: string[] = [];
  const shared = options(() => 1_000_000_000);
  const keys = await openSigningKeys({
    ...shared,
    wrapKey: {
      wrap: (bytes, aad) => {
        seen.push(Buffer.from(aad).toString());
        return Buffer.from(bytes).map((byte) => byte ^ 0x5a);
      },
      unwrap: (bytes) => Buffer.from(bytes).map((byte) => byte ^ 0x5a),
    },
  });
  const { d = '' } = keys.active().jwk;
  const [stored] = await shared.documents.find('authorization-server-keys', { limit: 9 });
  assert.ok(d !== '' && !JSON.stringify(stored).includes(d));
  assert.equal(new Set(seen).size, 3);
  assert.ok(seen.every((aad) => aad.includes('https://gateway.example/as')));
  assert.ok(!JSON.stringify(keys.published()).includes('"d"'));
});

async function clientToken(origin: string, secret: string): Promise<string> {
  const response = await fetch(`${origin}/as/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`service:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource: `${origin}/mcp` }),
  });
  const body = (await response.json()) as { access_token?: string };
  assert.equal(response.status, 200, JSON.stringify(body));
  return body.access_token ?? '';
}

async function verifies(t: TestContext, token: string, jwks: readonly object[]): Promise<boolean> {
  return await jwtVerify(token, createLocalJWKSet({ keys: jwks as JWK[] })).then(
    () => true,
    (error: unknown) => {
      t.diagnostic(String(error));
      return false;
    },
  );
}

test('the server goes over to the new key without a restart and without refusing what it signed before', async (t) => {
  const clock = { ahead: 0 };
  const now = (): number => Date.now() + clock.ahead;
  const secret = 'a-secret-of-a-service';
  const { origin, server } = await listen(t, {
    clock: { now, uuid: () => crypto.randomUUID() },
    settings: { clients: [{ id: 'service', redirectUris: [], secret }] },
  });
  const before = await clientToken(origin, secret);
  const first = decodeProtectedHeader(before).kid;
  await server.rotateKeys();
  assert.equal(server.jwks().length, 2);
  assert.equal(decodeProtectedHeader(await clientToken(origin, secret)).kid, first);
  clock.ahead = 11 * minute;
  const after = await clientToken(origin, secret);
  assert.notEqual(decodeProtectedHeader(after).kid, first);
  const own = await server.signer.sign('at+jwt', { iss: server.issuer, sub: 'alice' });
  assert.equal(decodeProtectedHeader(own).kid, decodeProtectedHeader(after).kid);
  const { keys } = (await (await fetch(`${origin}/as/jwks`)).json()) as { keys: JWK[] };
  for (const token of [before, after, own]) assert.ok(await verifies(t, token, keys));
  assert.ok(keys.every(({ d }) => d === undefined));
});
