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
