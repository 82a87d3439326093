import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { memoryDocuments } from '../../../test/fixtures/documents.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Documents, StoredDocument } from '../../pipeline/store-ports.ts';
import type { KeyEncryptionKey } from './kek.ts';
import { localKek } from './local-kek.ts';
import { openPkcs11Kek } from './pkcs11-kek.ts';
import { createVault, type SecretName } from './vault.ts';

const ada = { tenant: 't', user: 'ada', upstream: 'github' };
const bob = { ...ada, user: 'bob' };
const secret = { token: 'tok-secret-value' };
const kek = localKek(randomBytes(32));

const documentsNow = (): Documents => memoryDocuments({ now: () => Date.now() });

async function rows(documents: Documents): Promise<readonly StoredDocument[]> {
  return documents.find('vault', { limit: 10 });
}

test('a secret comes back to the name it was kept for, and to no other', async () => {
  const vault = createVault({ documents: documentsNow(), kek });
  assert.equal(await vault.put(ada, secret, 'absent'), 1);
  assert.deepEqual(await vault.get(ada), { secret, version: 1 });
  for (const change of [{ user: 'bob' }, { tenant: 'u' }, { upstream: 'gitlab' }]) {
    assert.equal(await vault.get({ ...ada, ...change }), undefined);
  }
});

test('nothing of a secret can be read in what is stored', async () => {
  const documents = documentsNow();
  await createVault({ documents, kek }).put(ada, secret, 'absent');
  assert.ok(!JSON.stringify(await rows(documents)).includes('tok-secret'));
});

test('a write that comes too late changes nothing', async () => {
  const vault = createVault({ documents: documentsNow(), kek });
  await vault.put(ada, secret, 'absent');
  assert.equal(await vault.put(ada, { token: 'b' }, 'absent'), 'conflict');
  assert.equal(await vault.put(ada, { token: 'b' }, 7), 'conflict');
  assert.equal(await vault.put(ada, { token: 'c' }, 1), 2);
  assert.deepEqual((await vault.get(ada))?.secret, { token: 'c' });
});

/** A vault of two users whose stored rows are changed behind its back. */
async function tampered(change: (ada: StoredDocument, bob: StoredDocument) => JsonObject): Promise<void> {
  const documents = documentsNow();
  const vault = createVault({ documents, kek });
  await vault.put(ada, secret, 'absent');
  await vault.put(bob, { token: 'of bob' }, 'absent');
  const [first, second] = await rows(documents);
  assert.ok(first !== undefined && second !== undefined);
  await documents.put('vault', first.id, { value: change(first, second) });
  await assert.rejects(vault.get(ada), /the stored secret for `github` cannot be opened/);
  assert.deepEqual((await vault.get(bob))?.secret, { token: 'of bob' });
}

function flipped({ value }: StoredDocument, member: string): JsonObject {
  const bytes = Buffer.from(String(value[member]), 'base64url');
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  return { ...value, [member]: bytes.toString('base64url') };
}

test("another user's row in place of one's own is refused", () => tampered((_own, other) => other.value));
test("another user's row under one's own name is refused", () =>
  tampered((own, other) => ({ ...other.value, tenant: 't', user: 'ada', upstream: own.value['upstream'] })));
test('one bit of the secret is refused', () => tampered((own) => flipped(own, 'sealed')));
test('one bit of the data key is refused', () => tampered((own) => flipped(own, 'dek')));
test("another user's data key is refused", () =>
  tampered((own, other) => ({ ...own.value, dek: other.value['dek'] })));
test('another revision is refused', () => tampered((own) => ({ ...own.value, revision: 2 })));
test('a cut secret is refused', () => tampered((own) => ({ ...own.value, sealed: 'AAAA' })));
test('an unknown key is refused', () => tampered((own) => ({ ...own.value, kek: 'local:0' })));

test('an old secret under a newer revision is refused', async () => {
  const documents = documentsNow();
  const vault = createVault({ documents, kek });
  await vault.put(ada, secret, 'absent');
  const [old] = await rows(documents);
  await vault.put(ada, { token: 'new' }, 1);
  const [now] = await rows(documents);
  assert.ok(old !== undefined && now !== undefined);
  const value = { ...old.value, revision: now.value['revision'] };
  await documents.put('vault', now.id, { value });
  await assert.rejects(vault.get(ada), /cannot be opened/);
});

test('after a change of the key, old secrets open, are wrapped anew, and need the old key no more', async () => {
  const documents = documentsNow();
  const names: SecretName[] = [ada, bob, { ...ada, upstream: 'gitlab' }];
  const before = createVault({ documents, kek });
  for (const name of names) await before.put(name, secret, 'absent');
  const next = localKek(randomBytes(32));
  const both = createVault({ documents, kek: next, retired: [kek] });
  assert.deepEqual((await both.get(ada))?.secret, secret);
  assert.equal(await both.rewrap(2), 2);
  assert.equal(await both.rewrap(10), 1);
  assert.equal(await both.rewrap(10), 0);
  const alone = createVault({ documents, kek: next });
  for (const name of names) assert.deepEqual((await alone.get(name))?.secret, secret);
  await assert.rejects(before.get(ada), /is not configured/);
});

test('each name has a data key of its own, and keeps it', async () => {
  const documents = documentsNow();
  const vault = createVault({ documents, kek });
  await vault.put(ada, secret, 'absent');
  await vault.put(bob, secret, 'absent');
  const keys = (await rows(documents)).map(({ value }) => value['dek']);
  assert.notEqual(keys[0], keys[1]);
  await vault.put(ada, secret, 1);
  assert.equal((await rows(documents))[0]?.value['dek'], keys[0]);
});

test('a data key is wrapped for the name of its secret', async () => {
  const seen: string[] = [];
  const watched: KeyEncryptionKey = {
    ...kek,
    wrap: (dek, aad) => {
      seen.push(Buffer.from(aad).toString());
      return kek.wrap(dek, aad);
    },
  };
  const vault = createVault({ documents: documentsNow(), kek: watched });
  for (const name of [ada, bob, { ...ada, tenant: 'u' }, { ...ada, upstream: 'gitlab' }])
    await vault.put(name, secret, 'absent');
  assert.equal(new Set(seen).size, 4);
});

test("another user's row is refused also where the key of the vault does not look at the name", async () => {
  const careless: KeyEncryptionKey = {
    ...kek,
    wrap: (dek) => kek.wrap(dek, new Uint8Array()),
    unwrap: (wrapped) => kek.unwrap(wrapped, new Uint8Array()),
  };
  const documents = documentsNow();
  const vault = createVault({ documents, kek: careless });
  await vault.put(ada, secret, 'absent');
  const [own] = await rows(documents);
  assert.ok(own !== undefined);
  assert.deepEqual((await vault.get(ada))?.secret, secret);
  for (const name of [bob, { ...ada, tenant: 'u' }, { ...ada, upstream: 'gitlab' }]) {
    await vault.put(name, { token: 'of another' }, 'absent');
    const other = (await rows(documents)).find(
      ({ id, value }) => id !== own.id && value['dek'] !== own.value['dek'],
    );
    assert.ok(other !== undefined);
    await documents.put('vault', other.id, { value: { ...own.value, ...name } });
    await assert.rejects(vault.get(name), /cannot be opened/);
    await vault.remove(name);
  }
});

test('a key of another length is refused', () => {
  assert.throws(() => localKek(randomBytes(16)), /has 16 bytes and should have 32/);
});

test('PKCS#11 without its package says what to install', async (t) => {
  const installed = await import('pkcs11js').then(
    () => true,
    () => false,
  );
  if (installed) return t.skip('`pkcs11js` is installed');
  const settings = { module: '/none.so', token: 't', pin: 'p', keyLabel: 'k' };
  await assert.rejects(openPkcs11Kek(settings), /npm install pkcs11js/);
});
