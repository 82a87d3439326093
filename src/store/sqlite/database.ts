import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * The steps that lead from an empty file to the present tables; a file remembers how many it has taken.
 *
 * INVARIANT: a step that has shipped is never changed; a new one is added.
 */
const steps: readonly string[] = [
  `CREATE TABLE era_verdict (
     server TEXT PRIMARY KEY,
     era TEXT NOT NULL CHECK (era IN ('modern', 'legacy')),
     transport TEXT NOT NULL CHECK (transport IN ('http', 'sse', 'stdio')),
     at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE claim (
     key BLOB PRIMARY KEY,
     expires_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX claim_by_expiry ON claim (expires_at);

   CREATE TABLE epoch (
     kind TEXT NOT NULL CHECK (kind IN ('user', 'agent', 'device', 'task', 'token')),
     id TEXT NOT NULL,
     at INTEGER NOT NULL,
     keep_until INTEGER NOT NULL,
     change INTEGER NOT NULL,
     PRIMARY KEY (kind, id)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX epoch_by_change ON epoch (change);
   CREATE INDEX epoch_by_expiry ON epoch (keep_until);

   CREATE TABLE epoch_origin (
     origin TEXT NOT NULL,
     change INTEGER NOT NULL
   ) STRICT;
   INSERT INTO epoch_origin (origin, change) VALUES (lower(hex(randomblob(16))), 0);

   CREATE TABLE task (
     id TEXT PRIMARY KEY,
     calls INTEGER,
     bytes INTEGER,
     calls_left INTEGER CHECK (calls_left >= 0),
     bytes_left INTEGER CHECK (bytes_left >= 0),
     ended INTEGER NOT NULL DEFAULT 0,
     not_after INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX task_by_expiry ON task (not_after);

   CREATE TABLE task_line (
     task TEXT NOT NULL REFERENCES task (id) ON DELETE CASCADE,
     member TEXT NOT NULL,
     PRIMARY KEY (task, member)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX task_line_by_member ON task_line (member);

   CREATE TABLE document (
     place INTEGER PRIMARY KEY AUTOINCREMENT,
     kind TEXT NOT NULL,
     id TEXT NOT NULL,
     version INTEGER NOT NULL,
     value TEXT NOT NULL,
     indexes TEXT,
     expires_at INTEGER,
     UNIQUE (kind, id)
   ) STRICT;
   CREATE INDEX document_by_kind ON document (kind, place);
   CREATE INDEX document_by_expiry ON document (expires_at) WHERE expires_at IS NOT NULL;

   CREATE TABLE document_index (
     kind TEXT NOT NULL,
     name TEXT NOT NULL,
     value TEXT NOT NULL,
     place INTEGER NOT NULL REFERENCES document (place) ON DELETE CASCADE,
     PRIMARY KEY (kind, name, value, place)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX document_index_by_place ON document_index (place);`,
];

/**
 * Opens the gateway's database, makes it (mode 0600) when it is not there, and brings its tables up to date. Throws on
 * a file that a newer version has written, or that is no database.
 */
export function openDatabase(path: string): DatabaseSync {
  makePrivate(path);
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000');
    update(database, path);
    return database;
  } catch (cause) {
    database.close();
    throw cause instanceof Error && cause.message.includes('not a database') ? notOurs(path, cause) : cause;
  }
}

/** SQLite gives the files beside the database the mode of the database itself. */
function makePrivate(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
}

function update(database: DatabaseSync, path: string): void {
  // Taken before reading, so that of two processes that start at once only one takes each step.
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec('CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL) STRICT');
    const version = versionOf(database);
    if (version > steps.length) throw tooNew(path, version);
    for (const step of steps.slice(version)) database.exec(step);
    database.exec('DELETE FROM schema_version');
    database.prepare('INSERT INTO schema_version (version) VALUES (?)').run(steps.length);
    database.exec('COMMIT');
  } catch (cause) {
    database.exec('ROLLBACK');
    throw cause;
  }
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('SELECT version FROM schema_version').get()?.['version'] ?? 0);
}

function tooNew(path: string, version: number): Error {
  return new Error(
    `\`${path}\` was written by a newer version (tables ${version}, known ${steps.length}): run that version, or ` +
      'name another file',
  );
}

function notOurs(path: string, cause: Error): Error {
  return new Error(`\`${path}\` is not a database: restore it, or delete it to begin anew`, { cause });
}
