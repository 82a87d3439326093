import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientSetups } from './client-entries.ts';

const facts = {
  endpoint: 'http://127.0.0.1:7300/mcp',
  tokenFile: "/home/o'hara/owner.token",
  stateDirectory: '/srv/state',
};

test('every entry that is JSON parses, and none holds a token', () => {
  const entries = clientSetups(facts).map(({ entry }) => entry);
  for (const entry of entries.filter((text) => text.startsWith('{'))) JSON.parse(entry);
  assert.equal(entries.filter((text) => text.startsWith('{')).length, 3);
});

test('the token file is quoted for the shell', () => {
  assert.match(clientSetups(facts)[0]?.entry ?? '', /\$\(cat '\/home\/o'\\''hara\/owner\.token'\)/);
});

test('without an owner no entry mentions a token', () => {
  for (const { entry } of clientSetups({ ...facts, tokenFile: undefined }))
    assert.doesNotMatch(entry, /token|Bearer/i);
});

test('the bridge is told of a state directory that is not the usual one', () => {
  assert.match(clientSetups(facts)[3]?.entry ?? '', /"stdio","--state-directory","\/srv\/state"/);
});
