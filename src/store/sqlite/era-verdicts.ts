import type { EraVerdict, EraVerdicts } from '../../pipeline/ports.ts';
import { openDatabase } from './database.ts';

/** Verdicts that outlive the process. */
export interface SqliteEraVerdicts extends EraVerdicts {
  readonly close: () => void;
}

/** Opens the verdicts in the gateway's database at `path`. Throws when it cannot be used. */
export function openEraVerdicts(path: string): SqliteEraVerdicts {
  const database = openDatabase(path);
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
    close: () => database.close(),
  };
}
