import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadKey } from './load-key.ts';

const root = mkdtempSync(join(tmpdir(), 'bartizan-key-'));
after(() => rmSync(root, { recursive: true, force: true }));

test('makes a private key file once and reads the same key again', async () => {
  const path = join(root, 'new', 'seal.key');
  const key = await loadKey(path);
  assert.equal(key.byteLength, 32);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(Buffer.from(await loadKey(path)), Buffer.from(key));
});

test('gives all who start at once the same key and leaves no draft behind', async () => {
  const path = join(root, 'race', 'seal.key');
  const keys = await Promise.all(Array.from({ length: 10 }, () => loadKey(path)));
  assert.equal(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size, 1);
  assert.deepEqual(readdirSync(join(root, 'race')), ['seal.key']);
});

test('refuses a file that others may read, and says how to mend it', async () => {
  for (const mode of [0o644, 0o640, 0o604]) {
    const path = join(root, `open-${mode}.key`);
    await loadKey(path);
    chmodSync(path, mode);
    await assert.rejects(loadKey(path), /may be read by others \(mode 6\d\d\): run `chmod 600/);
  }
});

test('refuses a file of another size and what is no file', async () => {
  const path = join(root, 'short.key');
  writeFileSync(path, 'secret', { mode: 0o600 });
  await assert.rejects(loadKey(path), /has 6 bytes and should have 32/);
  mkdirSync(join(root, 'directory'));
  await assert.rejects(loadKey(join(root, 'directory')), /is not a file/);
});

test('refuses a key in a folder that others may write, and says how to mend it', async () => {
  const folder = join(root, 'shared');
  const path = join(folder, 'seal.key');
  await loadKey(path);
  for (const mode of [0o777, 0o770, 0o702, 0o1777]) {
    chmodSync(folder, mode);
    await assert.rejects(loadKey(path), /folder of the key .* may be written by others .*: run `chmod 700/);
  }
  chmodSync(folder, 0o755);
  assert.equal((await loadKey(path)).byteLength, 32);
});
