import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientSetups } from './client-entries.ts';

const facts = {
  endpoint: 'http://127.0.0.1:7300/mcp',
  tokenFile: "/home/o'hara/owner.token",
  stateDirectory: '/srv/state',
};

test('one entry is a command, the others are members of a file', () => {
  const kinds = clientSetups(facts).map(({ entry }) => typeof entry);
  assert.deepEqual(kinds, ['string', 'object', 'object', 'object']);
});

test('the token file is quoted for the shell', () => {
  assert.match(String(clientSetups(facts)[0]?.entry), /\$\(cat '\/home\/o'\\''hara\/owner\.token'\)/);
});

test('without an owner no entry mentions a token', () => {
  for (const { entry } of clientSetups({ ...facts, tokenFile: undefined }))
    assert.doesNotMatch(JSON.stringify(entry), /token|Bearer/i);
});

test('the bridge is told of a state directory that is not the usual one', () => {
  assert.match(JSON.stringify(clientSetups(facts)[3]?.entry), /"stdio","--state-directory","\/srv\/state"/);
});
