import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Allowed, type Consent, covers } from './consents.ts';

const rights: Consent['rights'] = {
  scopes: ['openid'],
  claims: ['email'],
  resources: { 'https://gw.example/mcp': ['mcp', 'tools:call'] },
};

const consent: Consent = {
  account: 'ada',
  client: 'app',
  clientName: 'An application',
  redirectUris: ['https://app.example/callback'],
  rights,
  grants: ['g'],
  at: 0,
};

type Wish = Pick<Allowed, 'clientName' | 'redirectUri' | 'rights'>;
const same: Wish = { clientName: 'An application', redirectUri: 'https://app.example/callback', rights };

test('a consent covers what it was given for, and parts of it', () => {
  assert.ok(covers(consent, same));
  assert.ok(covers(consent, { ...same, rights: { scopes: [], claims: [], resources: {} } }));
  assert.ok(
    covers(consent, { ...same, rights: { ...rights, resources: { 'https://gw.example/mcp': ['mcp'] } } }),
  );
});

const wider: Readonly<Record<string, Partial<Wish>>> = {
  'another name': { clientName: 'Another application' },
  'another redirect URI': { redirectUri: 'https://app.example/other' },
  'a further scope': { rights: { ...rights, scopes: ['openid', 'offline_access'] } },
  'a further claim': { rights: { ...rights, claims: ['email', 'phone_number'] } },
  'another resource': { rights: { ...rights, resources: { 'https://gw.example/mcp/github': ['mcp'] } } },
  'another resource without any scope': {
    rights: { ...rights, resources: { 'https://gw.example/mcp/github': [] } },
  },
  'a further scope of the resource': {
    rights: { ...rights, resources: { 'https://gw.example/mcp': ['mcp', 'resources:read'] } },
  },
  'a resource that is called like a member of every object': {
    rights: { ...rights, resources: { constructor: [] } },
  },
};

for (const [what, change] of Object.entries(wider)) {
  test(`a consent does not cover ${what}`, () => {
    assert.ok(!covers(consent, { ...same, ...change }));
  });
}

test('without a consent nothing is covered', () => {
  assert.ok(!covers(undefined, { ...same, rights: { scopes: [], claims: [], resources: {} } }));
});
