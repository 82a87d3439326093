import { hash } from 'node:crypto';
import { sql } from 'kysely';
import type { Clock } from '../../pipeline/ports.ts';
import type { ReplayCache } from '../../pipeline/store-ports.ts';
import type { Database } from './database.ts';
import { tidyOf } from './tidy.ts';

/** Claims in a database, kept by the SHA-256 of their keys. */
export function postgresReplayCache(database: Database, { now }: Pick<Clock, 'now'>): ReplayCache {
  const tidy = tidyOf(database, 'bartizan_claim', (time) => sql`expires_at <= ${time}`);
  return {
    claim: async (key, expiresAt) => {
      const time = now();
      const { rows } = await sql`
        INSERT INTO bartizan_claim (key, expires_at) VALUES (${hash('sha256', key, 'buffer')}, ${expiresAt})
        ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at WHERE bartizan_claim.expires_at <= ${time}
        RETURNING 1`.execute(database);
      tidy(time);
      return rows.length === 1;
    },
  };
}
