import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { type ScriptedServer, scriptedServer } from '../../../test/fixtures/authorization-server.ts';
import { guardedFetch } from '../guarded-fetch.ts';
import { planFlow } from './authorization-flow.ts';

let upstream: ScriptedServer;
beforeEach(async () => {
  upstream = await scriptedServer();
  upstream.script.metadata = { scopes_supported: ['read', 'offline_access'] };
  upstream.script.resource = { scopes_supported: ['read'] };
});
afterEach(() => upstream.close());

async function asked(
  scopes: readonly string[] | undefined,
  challenged: readonly string[] = [],
): Promise<readonly string[]> {
  const auth = { kind: 'oauth', dpop: false, ...(scopes !== undefined && { scopes }) } as const;
  const server = { id: 'files', url: upstream.url, auth };
  const fetch = guardedFetch({ allowLoopback: true });
  return (await planFlow({ fetch }, server, { scopes: challenged, metadataUrl: undefined })).scopes;
}

test('without configured scopes a refresh token is asked for where the server offers one', async () => {
  assert.deepEqual(await asked(undefined), ['read', 'offline_access']);
  assert.deepEqual(await asked(undefined, ['write']), ['write', 'offline_access']);
  upstream.script.metadata = {};
  assert.deepEqual(await asked(undefined), ['read']);
});

test('configured scopes are asked as they stand, beside what the server asks for', async () => {
  assert.deepEqual(await asked([]), []);
  assert.deepEqual(await asked(['notes']), ['notes']);
  assert.deepEqual(await asked(['notes'], ['notes', 'write']), ['notes', 'write']);
  assert.deepEqual(await asked(['notes', 'offline_access']), ['notes', 'offline_access']);
});
