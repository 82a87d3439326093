import type { DatabaseSync } from 'node:sqlite';

/** Runs one step, which is done wholly or not at all. */
export type Transaction = <T>(run: () => T) => T;

/**
 * Makes the transactions of a connection. It takes the lock for writing before reading, so that no other process writes
 * in between; it waits for that lock as long as the connection's `busy_timeout` says, then throws.
 */
export function transactionOn(database: DatabaseSync): Transaction {
  const [begin, commit, rollback] = ['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'].map((sql) =>
    database.prepare(sql),
  ) as [Statement, Statement, Statement];
  return (run) => {
    begin.run();
    try {
      const result = run();
      commit.run();
      return result;
    } catch (cause) {
      if (database.isTransaction) rollback.run();
      throw cause;
    }
  };
}

/**
 * Transactions that are on disk on return and outlive a loss of power. For what is rare and must not be undone, such as
 * a revocation.
 */
export function durably(database: DatabaseSync, transaction: Transaction): Transaction {
  return (run) => {
    database.exec('PRAGMA synchronous = FULL');
    try {
      return transaction(run);
    } finally {
      database.exec('PRAGMA synchronous = NORMAL');
    }
  };
}

type Statement = ReturnType<DatabaseSync['prepare']>;
