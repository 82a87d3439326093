import { type RawBuilder, sql } from 'kysely';
import type { Database } from './database.ts';

const everyWrites = 64;

/**
 * Answers what is called after each write. At every 64th it begins to remove up to 256 rows for which `condition` holds,
 * so that a table does not grow with what has expired. Nobody waits for it.
 */
export function tidyOf(
  database: Database,
  table: string,
  condition: (now: number) => RawBuilder<unknown>,
): (now: number) => void {
  const name = sql.table(table);
  let writes = 0;
  return (now) => {
    writes += 1;
    if (writes % everyWrites !== 0) return;
    sql`DELETE FROM ${name} WHERE ctid IN (
      SELECT ctid FROM ${name} WHERE ${condition(now)} LIMIT 256 FOR UPDATE SKIP LOCKED
    )`
      .execute(database)
      // What stays now goes with the next 64 writes; a server that is gone is told by the calls themselves.
      .catch(() => undefined);
  };
}
