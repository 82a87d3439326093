import type { DatabaseSync } from 'node:sqlite';

const everyWrites = 64;
const rowsAtOnce = 256;

/**
 * Answers what is called after each write. At every 64th it removes up to 256 rows for which `condition` holds, where
 * `?` is the time: a table does not grow with what has expired, and no call waits for much.
 */
export function tidyOf(
  database: DatabaseSync,
  table: string,
  keys: string,
  condition: string,
): (now: number) => void {
  const remove = database.prepare(
    `DELETE FROM ${table} WHERE (${keys}) IN (SELECT ${keys} FROM ${table} WHERE ${condition} LIMIT ${rowsAtOnce})`,
  );
  let writes = 0;
  return (now) => {
    writes += 1;
    if (writes % everyWrites === 0) remove.run(now);
  };
}
