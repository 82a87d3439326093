import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountClaims } from './account-claims.ts';
import { LoginFailure } from './login-failure.ts';
import { quirksOf, subjectOf } from './quirks.ts';

const who = { issuer: 'https://idp.test', subject: 'alice' };

test('roles, groups, tenant and device are found where the settings say', () => {
  const claims = {
    realm_access: { roles: ['admin', 7] },
    'https://x.test/groups': 'one',
    tid: 't1',
    device: 'dropped',
    posture: { ok: true, id: 'laptop-1' },
    iat: 1_700_000_000,
    email: 'alice@x.test',
  };
  const mapping = {
    roles: '/realm_access/roles',
    groups: 'https://x.test/groups',
    tenant: 'tid',
    device: { managed: '/posture/ok', id: '/posture/id' },
  };
  const result = accountClaims(claims, mapping, who);
  assert.deepEqual(result['roles'], ['admin']);
  assert.deepEqual(result['groups'], ['one']);
  assert.equal(result['tenant'], 't1');
  assert.deepEqual(result['device'], { managed: true, id: 'laptop-1', observed_at: 1_700_000_000 });
  assert.equal(result['email'], 'alice@x.test');
});

test('claims that mean something of their own in our tokens are never taken over', () => {
  const names = [
    'act',
    'cnf',
    'scope',
    'authorization_details',
    'txn',
    'client_id',
    'iss',
    'aud',
    'exp',
    'iat_ms',
    'task_ancestors',
    'device',
    'tenant',
  ];
  const claims = Object.fromEntries(names.map((name) => [name, ['theirs']]));
  const result = accountClaims({ ...claims, idp: 'theirs' }, {}, who);
  assert.deepEqual(result, { roles: [], groups: [], idp: { iss: who.issuer, sub: who.subject } });
});

test('members of prototypes are nobody\u2019s roles', () => {
  assert.deepEqual(accountClaims({}, { roles: '/constructor/name', groups: 'toString' }, who)['roles'], []);
});

test('groups that were left out, or claims without end, are a failure that says what to do', () => {
  const left = { _claim_names: { groups: 'src1' }, _claim_sources: { src1: {} } };
  assert.throws(
    () => accountClaims(left, {}, who),
    (fault) => fault instanceof LoginFailure && /application roles/.test(fault.detail),
  );
  assert.throws(() => accountClaims({ photo: 'x'.repeat(20_000) }, {}, who), LoginFailure);
});

test('a user of Entra is known by tenant and object, not by a `sub` of one application', () => {
  const claims = { sub: 'pairwise', oid: 'o-1', tid: 't-1' };
  assert.equal(subjectOf(claims, quirksOf('entra')), 't-1/o-1');
  assert.equal(subjectOf({ sub: 'pairwise', oid: 'o-1' }, quirksOf('entra')), undefined);
  assert.equal(subjectOf(claims, quirksOf('keycloak')), 'pairwise');
  assert.equal(subjectOf({ sub: '' }, quirksOf('generic')), undefined);
});
