import { hash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../pipeline/ports.ts';
import type { ReplayCache } from '../../pipeline/store-ports.ts';
import { tidyOf } from './tidy.ts';

/** Claims in a database. A key is kept as its SHA-256, because strangers choose how long it is. */
export function sqliteReplayCache(database: DatabaseSync, { now }: Pick<Clock, 'now'>): ReplayCache {
  const claim = database.prepare(
    `INSERT INTO claim (key, expires_at) VALUES (?, ?)
     ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at WHERE expires_at <= ?`,
  );
  const tidy = tidyOf(database, 'claim', 'key', 'expires_at <= ?');
  return {
    claim: (key, expiresAt) => {
      const time = now();
      const { changes } = claim.run(hash('sha256', key, 'buffer'), expiresAt, time);
      tidy(time);
      return changes === 1;
    },
  };
}
