import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadSettings } from '../control/load-settings.ts';
import type { Settings } from '../control/settings.ts';
import { openAccountKeeping } from './account-keeping.ts';
import { openStores } from './open-stores.ts';
import { systemClock } from './system-clock.ts';

const ann = { id: 'u-ann', issuer: 'https://login.example', subject: 'ann' };
const owner = { id: 'owner', issuer: 'http://127.0.0.1:7300/as', subject: 'owner' };

async function settingsWith(t: TestContext, hot: string): Promise<Settings> {
  const cwd = mkdtempSync(join(tmpdir(), 'bartizan-accounts-'));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  const text = `servers: { a: { url: "http://127.0.0.1:9/mcp" } }\nstate: { directory: . }\nstore: { hot: ${hot} }\n`;
  writeFileSync(join(cwd, 'bartizan.yaml'), text);
  return (await loadSettings('bartizan.yaml', { env: {}, home: cwd, cwd })).settings;
}

test('tokens of an account end for every gateway on the same store; the token file of the owner is spared', async (t) => {
  const settings = await settingsWith(t, 'sqlite');
  const stores = await openStores(settings, systemClock());
  t.after(stores.close);
  const book = await openAccountKeeping(settings);
  t.after(book.close);
  assert.equal(await book.endTokens(owner), false);
  assert.equal(await book.endTokens(ann), true);
  const { bumps } = await stores.hot.epochs.since(undefined);
  assert.deepEqual(
    bumps.map(({ key }) => key),
    [{ kind: 'user', id: 'https://login.example ann' }],
  );
});

test('it says so when the gateway keeps its state to itself, and cannot be told', async (t) => {
  const book = await openAccountKeeping(await settingsWith(t, 'memory'));
  t.after(book.close);
  assert.equal(await book.endTokens(ann), false);
});
