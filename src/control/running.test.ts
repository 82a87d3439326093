import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { tokenFileIn, writeToken } from './running.ts';

const root = mkdtempSync(join(tmpdir(), 'bartizan-running-'));
after(() => rmSync(root, { recursive: true, force: true }));

test('a token follows no link and takes no mode that somebody prepared for it', async () => {
  const path = tokenFileIn(root);
  const elsewhere = join(root, 'elsewhere');
  writeFileSync(elsewhere, 'untouched', { mode: 0o644 });
  symlinkSync(elsewhere, `${path}.${process.pid}`);
  await writeToken(path, 'secret');
  assert.equal(readFileSync(elsewhere, 'utf8'), 'untouched');
  assert.equal(readFileSync(path, 'utf8'), 'secret\n');
  writeFileSync(`${path}.${process.pid}`, '', { mode: 0o644 });
  await writeToken(path, 'again');
  assert.equal(statSync(path).mode & 0o777, 0o600);
});
