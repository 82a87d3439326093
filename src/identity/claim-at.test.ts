import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimAt, isElsewhere, textsAt } from './claim-at.ts';

const claims = {
  roles: ['reader', 7, 'writer'],
  group: 'blue',
  'https://idp.example/tenant': 't',
  realm_access: { roles: ['admin'], 'a/b': { '~c': 1 } },
  _claim_names: { groups: 'src1' },
};

test('a place is the name of a member, or a JSON Pointer', () => {
  assert.equal(claimAt(claims, 'https://idp.example/tenant'), 't');
  assert.deepEqual(claimAt(claims, '/realm_access/roles'), ['admin']);
  assert.equal(claimAt(claims, '/realm_access/a~1b/~0c'), 1);
  assert.equal(claimAt(claims, '/realm_access/roles/0'), undefined);
  assert.equal(claimAt(claims, 'realm_access/roles'), undefined);
});

test('what every object has is a claim of nobody', () => {
  for (const place of ['constructor', '/constructor/name', '/realm_access/constructor', '__proto__'])
    assert.equal(claimAt(claims, place), undefined);
  assert.ok(!isElsewhere(claims, 'constructor'));
});

test('one text counts as a list of one, and what is no text is left out', () => {
  assert.deepEqual(textsAt(claims, 'group'), ['blue']);
  assert.deepEqual(textsAt(claims, 'roles'), ['reader', 'writer']);
  assert.deepEqual(textsAt(claims, 'none'), []);
});

test('a claim that the issuer left out is known to be elsewhere', () => {
  assert.ok(isElsewhere(claims, 'groups'));
  assert.ok(!isElsewhere(claims, 'roles'));
  assert.ok(!isElsewhere({ _claim_names: 'groups' }, 'groups'));
});
