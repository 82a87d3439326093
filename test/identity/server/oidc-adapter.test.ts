import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Adapter } from 'oidc-provider';
import { oidcAdapter, removeAll } from '../../../src/identity/server/oidc-adapter.ts';
import { registeredClients } from '../../../src/identity/server/registered-clients.ts';
import type { Documents } from '../../../src/pipeline/store-ports.ts';
import { memoryDocuments } from '../../../src/store/memory/documents.ts';

interface Kept {
  readonly documents: Documents;
  readonly clock: { now: number };
  readonly reused: string[];
  readonly open: (model: string) => Adapter;
}

function kept(): Kept {
  const clock = { now: 1_000_000 };
  const now = (): number => clock.now;
  const documents = memoryDocuments({ now });
  const reused: string[] = [];
  const onReuse = (grantId: string): Promise<Error> => {
    reused.push(grantId);
    return Promise.resolve(new Error('used before'));
  };
  return { documents, clock, reused, open: (model) => oidcAdapter(model, { documents, now, onReuse }) };
}

test('of two replicas that use a code at the same moment one fails, and the grant ends', async () => {
  const { open, reused } = kept();
  const [one, two] = [open('AuthorizationCode'), open('AuthorizationCode')];
  await one.upsert('code', { grantId: 'g' }, 60);
  const results = await Promise.allSettled([one.consume('code'), two.consume('code')]);
  assert.deepEqual(results.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
  assert.deepEqual(reused, ['g']);
  assert.equal((await two.find('code'))?.consumed, 1_000);
});

test('what is used once more later, or is not there, is refused too', async () => {
  const { open, reused } = kept();
  const tokens = open('RefreshToken');
  await tokens.upsert('t', { grantId: 'g' }, 60);
  await tokens.consume('t');
  await assert.rejects(tokens.consume('t'), /used before/);
  await assert.rejects(tokens.consume('unknown'), /used before/);
  assert.deepEqual(reused, ['g', '']);
});

test('tokens that are credentials stand in the store without themselves', async () => {
  const { open, documents } = kept();
  await open('RefreshToken').upsert('the-token-itself', { jti: 'the-token-itself', grantId: 'g' }, 60);
  const stored = await documents.find('oidc:RefreshToken', { limit: 9 });
  assert.equal(stored.length, 1);
  assert.doesNotMatch(JSON.stringify(stored), /the-token-itself/);
  const found = await open('RefreshToken').find('the-token-itself');
  assert.equal(found?.jti, 'the-token-itself');
  assert.equal(found.grantId, 'g');
});

test('all tokens of a grant go at once, however many, and those of another one stay', async () => {
  const { open, documents } = kept();
  const tokens = open('RefreshToken');
  for (let at = 0; at < 450; at += 1) await tokens.upsert(`t${at}`, { grantId: 'g' }, 60);
  await tokens.upsert('other', { grantId: 'h' }, 60);
  await tokens.revokeByGrantId('g');
  assert.equal((await documents.find('oidc:RefreshToken', { limit: 999 })).length, 1);
  assert.ok((await tokens.find('other')) !== undefined);
  await removeAll(documents, 'oidc:RefreshToken', 'h');
  assert.equal(await tokens.find('other'), undefined);
});

test('what is over is not there any more; sessions are found by uid, devices by code', async () => {
  const { open, clock } = kept();
  const sessions = open('Session');
  await sessions.upsert('s', { jti: 's', uid: 'u' }, 60);
  assert.equal((await sessions.findByUid('u'))?.jti, 's');
  assert.equal(await sessions.findByUid('v'), undefined);
  await open('DeviceCode').upsert('d', { userCode: 'ABC', grantId: 'g' }, 60);
  assert.equal((await open('DeviceCode').findByUserCode('ABC'))?.grantId, 'g');
  clock.now += 60_001;
  assert.equal(await sessions.findByUid('u'), undefined);
  assert.equal(await sessions.find('s'), undefined);
});

test('a client that registered itself is kept while it is heard of, and forgotten ninety days later', async () => {
  const { documents, clock, open } = kept();
  const day = 86_400_000;
  const full = (): Error => new Error('full');
  const clients = registeredClients(open('Client'), { documents, now: () => clock.now, full });
  await clients.upsert('c', { client_id: 'c' });
  for (let months = 0; months < 4; months += 1) {
    clock.now += 60 * day;
    assert.equal((await clients.find('c'))?.client_id, 'c');
  }
  clock.now += 91 * day;
  assert.equal(await clients.find('c'), undefined);
});

test('when too many clients have registered no other one can', async () => {
  const { documents, clock, open } = kept();
  const full = (): Error => new Error('full');
  const clients = registeredClients(open('Client'), {
    documents: {
      ...documents,
      find: () => Array.from({ length: 10_000 }, () => ({ id: '', version: 1, value: {} })),
    },
    now: () => clock.now,
    full,
  });
  await assert.rejects(Promise.resolve(clients.upsert('c', { client_id: 'c' })), /full/);
  assert.equal(await clients.find('c'), undefined);
});
