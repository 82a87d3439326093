import { hash } from 'node:crypto';
import { type RawBuilder, type Selectable, type SqlBool, sql } from 'kysely';
import type { JsonObject } from '../../model/json.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { Documents, NewDocument, StoredDocument } from '../../pipeline/store-ports.ts';
import { type Database, durableDatabase, update } from './database.ts';
import { parseServerAddress } from './server-address.ts';
import type { DocumentTable } from './tables.ts';
import { tidyOf } from './tidy.ts';

/**
 * Opens the documents in a PostgreSQL database, making its tables where they are missing. Rejects when the database
 * cannot be used, with what to mend.
 */
export async function openPostgresDocuments(url: string, { now }: Pick<Clock, 'now'>): Promise<Documents> {
  const address = parseServerAddress(url);
  const database = durableDatabase(address, 8);
  try {
    await update(database, address);
  } catch (cause) {
    await database.destroy();
    throw cause;
  }
  return {
    get: async (kind, id) => {
      const alive = isAlive(now());
      const row = await selectDocuments(database)
        .where('key', '=', keyOf(kind, id))
        .where(alive)
        .executeTakeFirst();
      return row === undefined ? undefined : toDocument(row);
    },
    put: putOf(database, now),
    remove: async (kind, id) => {
      const removal = database.deleteFrom('bartizan_document').where('key', '=', keyOf(kind, id));
      const { numDeletedRows } = await removal.where(isAlive(now())).executeTakeFirst();
      return numDeletedRows === 1n;
    },
    find: findOf(database, now),
    close: () => database.destroy(),
  };
}

function selectDocuments(database: Database): ReturnType<typeof selection> {
  return selection(database);
}

const selection = (database: Database) =>
  database.selectFrom('bartizan_document').select(['id', 'version', 'value', 'indexes', 'expires_at']);

function isAlive(now: number): RawBuilder<SqlBool> {
  return sql<SqlBool>`(expires_at IS NULL OR expires_at >= ${now})`;
}

function putOf(database: Database, now: () => number): Documents['put'] {
  const tidy = tidyOf(database, 'bartizan_document', (time) => sql`expires_at < ${time}`);
  return async (kind, id, document, expected) => {
    const time = now();
    const version =
      typeof expected === 'number'
        ? await replace(database, keyOf(kind, id), kind, document, expected, time)
        : await write(database, kind, id, document, expected === 'absent', time);
    tidy(time);
    return version ?? 'conflict';
  };
}

async function replace(
  database: Database,
  key: Buffer,
  kind: string,
  document: NewDocument,
  expected: number,
  now: number,
): Promise<number | undefined> {
  const row = await database
    .updateTable('bartizan_document')
    .set({ ...columns(kind, document), version: expected + 1 })
    .where('key', '=', key)
    .where('version', '=', expected)
    .where(isAlive(now))
    .returning('version')
    .executeTakeFirst();
  return row?.version;
}

/** Writes a new document, or over one: any, or only one that has expired. What has expired begins anew. */
async function write(
  database: Database,
  kind: string,
  id: string,
  document: NewDocument,
  absent: boolean,
  now: number,
): Promise<number | undefined> {
  const { value, indexes, terms, expires_at } = columns(kind, document);
  const { rows } = await sql<{ version: number }>`
    INSERT INTO bartizan_document AS document (key, kind, id, version, value, indexes, terms, expires_at)
    VALUES (${keyOf(kind, id)}, ${exact(kind)}, ${exact(id)}, 1, ${value}, ${indexes}, ${terms}, ${expires_at})
    ON CONFLICT (key) DO UPDATE SET
      version = CASE WHEN document.expires_at < ${now} THEN 1 ELSE document.version + 1 END,
      place = CASE WHEN document.expires_at < ${now} THEN excluded.place ELSE document.place END,
      value = excluded.value, indexes = excluded.indexes, terms = excluded.terms,
      expires_at = excluded.expires_at
    WHERE NOT ${absent}::boolean OR document.expires_at < ${now}
    RETURNING version`.execute(database);
  return rows[0]?.version;
}

function findOf(database: Database, now: () => number): Documents['find'] {
  return async (kind, { index, limit }) => {
    const all = selectDocuments(database).where('kind', '=', exact(kind)).where(isAlive(now()));
    const found =
      index === undefined
        ? all
        : all.where(sql<SqlBool>`terms @> ARRAY[${termOf(kind, index.name, index.value)}]`);
    const rows = await found.orderBy('place').limit(limit).execute();
    return rows.map(toDocument);
  };
}

/** JSON writes NUL and halves of characters so that PostgreSQL keeps them. */
function exact(text: string): string {
  return JSON.stringify(text);
}

function keyOf(kind: string, id: string): Buffer {
  return hash('sha256', JSON.stringify([kind, id]), 'buffer');
}

function termOf(kind: string, name: string, value: string): string {
  return hash('sha256', JSON.stringify([kind, name, value]), 'base64url');
}

type Columns = Pick<Selectable<DocumentTable>, 'value' | 'indexes' | 'terms' | 'expires_at'>;

function columns(kind: string, { value, indexes, expiresAt }: NewDocument): Columns {
  return {
    value: JSON.stringify(value),
    indexes: indexes === undefined ? null : JSON.stringify(indexes),
    terms: Object.entries(indexes ?? {}).map(([name, indexed]) => termOf(kind, name, indexed)),
    expires_at: expiresAt ?? null,
  };
}

type Row = Pick<Selectable<DocumentTable>, 'id' | 'version' | 'value' | 'indexes' | 'expires_at'>;

function toDocument({ id, version, value, indexes, expires_at: expiresAt }: Row): StoredDocument {
  return {
    id: JSON.parse(id) as string,
    version,
    value: JSON.parse(value) as JsonObject,
    ...(indexes !== null && { indexes: JSON.parse(indexes) as Record<string, string> }),
    ...(expiresAt !== null && { expiresAt }),
  };
}
