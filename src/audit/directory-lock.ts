import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Gives the directory back. */
export type ReleaseLock = () => void;

/**
 * Takes a directory for this process alone. Node has no file locks of its own; SQLite's are the operating system's,
 * so they end with the process however it dies. Throws when another process holds the directory.
 */
export function lockDirectory(directory: string): ReleaseLock {
  const path = join(directory, 'lock.sqlite');
  const database = new DatabaseSync(path);
  try {
    chmodSync(path, 0o600);
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw new Error(
      `\`${directory}\` is in use by another gateway: stop that one, or name another directory`,
      {
        cause,
      },
    );
  }
  return () => database.close();
}
