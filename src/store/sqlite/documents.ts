import type { DatabaseSync } from 'node:sqlite';
import type { JsonObject } from '../../model/json.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { Documents, NewDocument, StoredDocument } from '../../pipeline/store-ports.ts';
import { openDatabase } from './database.ts';
import { tidyOf } from './tidy.ts';
import { transactionOn } from './transaction.ts';

/**
 * Opens the documents in the gateway's database at `path`. What was written is on disk on return. Throws when the
 * database cannot be used.
 */
export function openSqliteDocuments(path: string, { now }: Pick<Clock, 'now'>): Documents {
  const database = openDatabase(path);
  database.exec('PRAGMA synchronous = FULL');
  const remove = database.prepare(
    'DELETE FROM document WHERE kind = ? AND id = ? AND ifnull(expires_at >= ?, 1)',
  );
  const select = database.prepare(
    'SELECT * FROM document WHERE kind = ? AND id = ? AND ifnull(expires_at >= ?, 1)',
  );
  return {
    get: (kind, id) => {
      const row = select.get(kind, id, now());
      return row === undefined ? undefined : toDocument(row);
    },
    put: putOf(database, now),
    remove: (kind, id) => remove.run(kind, id, now()).changes === 1,
    find: findOf(database, now),
    close: () => {
      if (database.isOpen) database.close();
      return Promise.resolve();
    },
  };
}

function putOf(database: DatabaseSync, now: () => number): Documents['put'] {
  const transaction = transactionOn(database);
  const forget = database.prepare('DELETE FROM document WHERE kind = ? AND id = ? AND expires_at < ?');
  const find = database.prepare('SELECT place, version FROM document WHERE kind = ? AND id = ?');
  const tidy = tidyOf(database, 'document', 'place', 'expires_at < ?');
  const insert = insertOf(database);
  const update = updateOf(database);
  const write = (
    kind: string,
    id: string,
    document: NewDocument,
    expected: Expected,
  ): number | 'conflict' => {
    const row = find.get(kind, id);
    if (!isExpected(row, expected)) return 'conflict';
    if (row === undefined) insert(kind, id, document);
    else update(kind, Number(row['place']), document);
    return Number(row?.['version'] ?? 0) + 1;
  };
  return (kind, id, document, expected) =>
    transaction(() => {
      const time = now();
      forget.run(kind, id, time);
      tidy(time);
      return write(kind, id, document, expected);
    });
}

type Expected = number | 'absent' | undefined;

function isExpected(row: Record<string, unknown> | undefined, expected: Expected): boolean {
  return expected === undefined || expected === (row === undefined ? 'absent' : Number(row['version']));
}

function insertOf(database: DatabaseSync): (kind: string, id: string, document: NewDocument) => void {
  const insert = database.prepare(
    'INSERT INTO document (kind, id, version, value, indexes, expires_at) VALUES (?, ?, 1, ?, ?, ?)',
  );
  const enter = enterOf(database);
  return (kind, id, document) => {
    const { lastInsertRowid } = insert.run(kind, id, ...columns(document));
    enter(kind, Number(lastInsertRowid), document);
  };
}

function updateOf(database: DatabaseSync): (kind: string, place: number, document: NewDocument) => void {
  const update = database.prepare(
    'UPDATE document SET version = version + 1, value = ?, indexes = ?, expires_at = ? WHERE place = ?',
  );
  const leave = database.prepare('DELETE FROM document_index WHERE place = ?');
  const enter = enterOf(database);
  return (kind, place, document) => {
    update.run(...columns(document), place);
    leave.run(place);
    enter(kind, place, document);
  };
}

function enterOf(database: DatabaseSync): (kind: string, place: number, document: NewDocument) => void {
  const enter = database.prepare('INSERT INTO document_index (kind, name, value, place) VALUES (?, ?, ?, ?)');
  return (kind, place, { indexes = {} }) => {
    for (const [name, value] of Object.entries(indexes)) enter.run(kind, exact(name), exact(value), place);
  };
}

/** JSON writes NUL and halves of characters so that a database keeps them apart. */
function exact(text: string): string {
  return JSON.stringify(text);
}

function columns({
  value,
  indexes,
  expiresAt,
}: NewDocument): readonly [string, string | null, number | null] {
  return [JSON.stringify(value), indexes === undefined ? null : JSON.stringify(indexes), expiresAt ?? null];
}

function findOf(database: DatabaseSync, now: () => number): Documents['find'] {
  const all = database.prepare(
    'SELECT * FROM document WHERE kind = ? AND ifnull(expires_at >= ?, 1) ORDER BY place LIMIT ?',
  );
  const indexed = database.prepare(
    `SELECT document.* FROM document_index JOIN document USING (place)
     WHERE document_index.kind = ? AND name = ? AND document_index.value = ? AND ifnull(expires_at >= ?, 1)
     ORDER BY place LIMIT ?`,
  );
  return (kind, { index, limit }) =>
    (index === undefined
      ? all.all(kind, now(), limit)
      : indexed.all(kind, exact(index.name), exact(index.value), now(), limit)
    ).map(toDocument);
}

function toDocument({ id, version, value, indexes, expires_at }: Record<string, unknown>): StoredDocument {
  return {
    id: String(id),
    version: Number(version),
    value: JSON.parse(String(value)) as JsonObject,
    ...(indexes !== null && { indexes: JSON.parse(String(indexes)) as Record<string, string> }),
    ...(expires_at !== null && { expiresAt: Number(expires_at) }),
  };
}
