import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseServerId } from '../../model/server-id.ts';
import { eraVerdictsContract } from '../../testing/era-verdicts.ts';
import { openDatabase } from './database.ts';
import { openEraVerdicts } from './era-verdicts.ts';

const root = mkdtempSync(join(tmpdir(), 'bartizan-store-'));
after(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const freshPath = (): string => join(root, String(++made), 'state.sqlite');
const github = parseServerId('github') ?? assert.fail();

eraVerdictsContract('sqlite', () => openEraVerdicts(freshPath()));

test('a verdict outlives the process that found it', () => {
  const path = freshPath();
  const first = openEraVerdicts(path);
  first.remember(github, { era: 'modern', transport: 'http', at: 7 });
  first.close();
  const second = openEraVerdicts(path);
  assert.deepEqual(second.recall(github), { era: 'modern', transport: 'http', at: 7 });
  second.close();
});

test('the database and the files beside it are for their owner alone', () => {
  const path = freshPath();
  const verdicts = openEraVerdicts(path);
  verdicts.remember(github, { era: 'modern', transport: 'http', at: 7 });
  const directory = join(path, '..');
  const names = readdirSync(directory);
  assert.ok(names.length > 1, 'the write-ahead log is missing');
  for (const name of names) assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600, name);
  verdicts.close();
});

test('a file of a newer version is refused and left as it was', () => {
  const path = freshPath();
  const newer = openDatabase(path);
  newer.exec('UPDATE schema_version SET version = 99');
  newer.close();
  assert.throws(() => openDatabase(path), /was written by a newer version \(tables 99, known \d+\)/);
});

test('a file that is no database is refused with the mend', () => {
  const path = join(root, 'text.sqlite');
  writeFileSync(
    path,
    'this is not a database at all, but a text of some length, so that nobody can mistake it',
  );
  assert.throws(() => openDatabase(path), /is not a database: restore it, or delete it to begin anew/);
});

test('a value that is no verdict cannot be stored', () => {
  const verdicts = openEraVerdicts(freshPath());
  assert.throws(
    () => verdicts.remember(github, { era: 'future' as 'modern', transport: 'http', at: 1 }),
    /constraint/i,
  );
});
