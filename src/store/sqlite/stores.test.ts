import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { documentsContract } from '../../testing/documents.ts';
import { hotStateContract } from '../../testing/hot-state.ts';
import { openDatabase } from './database.ts';
import { openSqliteDocuments } from './documents.ts';
import { openSqliteHotState } from './hot-state.ts';

const root = mkdtempSync(join(tmpdir(), 'bartizan-store-'));
after(() => rmSync(root, { recursive: true, force: true }));
const shared = join(root, 'shared.sqlite');

hotStateContract('sqlite', (clock) => openSqliteHotState(shared, clock));
documentsContract('sqlite', (clock) => openSqliteDocuments(shared, clock));

test('what has expired does not stay in the file', async () => {
  let time = 0;
  const clock = { now: () => time };
  const path = join(root, 'tidy.sqlite');
  const state = openSqliteHotState(path, clock);
  const documents = openSqliteDocuments(path, clock);
  for (let n = 0; n < 1_000; n += 1) {
    time = n * 1_000;
    await state.replay.claim(`key ${n}`, time + 10_000);
    await state.epochs.bump({ kind: 'token', id: `token ${n}` }, n, time + 10_000);
    if (n % 4 === 0)
      await documents.put('code', `code ${n}`, { value: {}, indexes: { n: 'x' }, expiresAt: time + 10_000 });
  }
  await Promise.all([state.close(), documents.close()]);
  const database = openDatabase(path);
  const rows = (table: string): number =>
    Number(database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.['rows']);
  for (const table of ['claim', 'epoch', 'document', 'document_index'])
    assert.ok(rows(table) < 100, `${table}: ${rows(table)}`);
  database.close();
});

test('tasks that were over long ago do not stay in the file, nor do their lines', async () => {
  let time = 0;
  const path = join(root, 'tasks.sqlite');
  const { ledger, close } = openSqliteHotState(path, { now: () => time });
  for (let n = 0; n < 300; n += 1) {
    time = n * 600_000;
    await ledger.open({ task: `task ${n}` as never, ancestors: [], budget: {}, notAfter: time + 60_000 });
  }
  await close();
  const database = openDatabase(path);
  for (const table of ['task', 'task_line'])
    assert.ok(Number(database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.['rows']) < 100, table);
  database.close();
});

test('an index serves each condition that runs on every call', () => {
  const database = openDatabase(join(root, 'plans.sqlite'));
  const plan = (sql: string): string =>
    database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => String(detail))
      .join('\n');
  for (const sql of [
    'SELECT key FROM claim WHERE expires_at <= 1 LIMIT 9',
    'SELECT kind, id FROM epoch WHERE keep_until <= 1 LIMIT 9',
    'SELECT id FROM task WHERE not_after <= 1 LIMIT 9',
    'SELECT place FROM document WHERE expires_at < 1 LIMIT 9',
    "SELECT task FROM task_line WHERE member = 'a'",
    'DELETE FROM document_index WHERE place = 1',
  ])
    assert.doesNotMatch(plan(sql), /SCAN/, sql);
  database.close();
});
