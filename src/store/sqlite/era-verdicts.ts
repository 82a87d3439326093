import type { DatabaseSync } from 'node:sqlite';
import type { EraVerdict, EraVerdicts } from '../../pipeline/ports.ts';

/** Verdicts in a database that `openDatabase` opened; they outlive the process. Its user closes the database. */
export function createSqliteEraVerdicts(database: DatabaseSync): EraVerdicts {
  const select = database.prepare('SELECT era, transport, at FROM era_verdict WHERE server = ?');
  const upsert = database.prepare(
    'INSERT OR REPLACE INTO era_verdict (server, era, transport, at) VALUES (?, ?, ?, ?)',
  );
  return {
    // The table's own checks hold era and transport to the values of the type.
    recall: (server) => {
      const row = select.get(server);
      return row === undefined ? undefined : ({ ...row } as unknown as EraVerdict);
    },
    remember: (server, { era, transport, at }) => {
      upsert.run(server, era, transport, at);
    },
  };
}
