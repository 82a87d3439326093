import { hash } from 'node:crypto';
import { sql } from 'kysely';
import type { Clock } from '../../pipeline/ports.ts';
import type { EpochBump, EpochKey, Epochs } from '../../pipeline/store-ports.ts';
import type { Database } from './database.ts';
import { epochChannel } from './nudges.ts';
import { tidyOf } from './tidy.ts';

/** An epoch to set. */
export interface NewEpoch {
  readonly key: EpochKey;
  readonly at: number;
  readonly keepUntil: number;
}

/** The epochs of a database, told to listeners by `onBump`. */
export function postgresEpochs(
  database: Database,
  { now }: Pick<Clock, 'now'>,
  onBump: Epochs['onBump'],
): Epochs {
  const tidy = tidyOf(database, 'bartizan_epoch', (time) => sql`keep_until <= ${time}`);
  return {
    bump: async (key, at, keepUntil) => {
      await bumpEpochs(database, [{ key, at, keepUntil }], now());
      tidy(now());
    },
    since: async (cursor) => {
      const { origin, change } = parseCursor(cursor);
      const { rows } = await sql<ChangeRow>`
        SELECT place.origin, place.change, epoch.name, epoch.at
        FROM bartizan_epoch_origin AS place LEFT JOIN bartizan_epoch AS epoch
          ON epoch.keep_until > ${now()} AND epoch.change >
            CASE WHEN place.origin = ${origin} AND place.change >= ${change}::bigint THEN ${change}::bigint ELSE 0 END
        ORDER BY epoch.change`.execute(database);
      const [first] = rows;
      if (first === undefined)
        throw new Error('the table `bartizan_epoch_origin` is empty: restore the database');
      return { bumps: rows.flatMap(toBump), cursor: `${first.origin}:${first.change}` };
    },
    onBump,
  };
}

/**
 * Sets epochs and tells it to all replicas when the transaction is done.
 *
 * INVARIANT: whoever bumps holds the row of `bartizan_epoch_origin` until its transaction is done, so that changes
 * become visible in the order of their numbers, and no reader's cursor passes one that it cannot see yet.
 */
export async function bumpEpochs(
  database: Database,
  epochs: readonly NewEpoch[],
  now: number,
): Promise<void> {
  const names = epochs.map(({ key }) => JSON.stringify([key.kind, key.id]));
  const keys = names.map((name) => hash('sha256', name, 'buffer'));
  await sql`
    WITH next AS (UPDATE bartizan_epoch_origin SET change = change + 1 RETURNING change)
    INSERT INTO bartizan_epoch AS epoch (key, name, at, keep_until, change)
    SELECT given.key, given.name, given.at, given.keep_until, next.change
    FROM next, unnest(${keys}::bytea[], ${names}::text[], ${epochs.map(({ at }) => at)}::bigint[],
      ${epochs.map(({ keepUntil }) => keepUntil)}::bigint[]) AS given (key, name, at, keep_until)
    ON CONFLICT (key) DO UPDATE SET
      at = CASE WHEN epoch.keep_until <= ${now} THEN excluded.at ELSE greatest(epoch.at, excluded.at) END,
      change = CASE WHEN epoch.keep_until <= ${now} OR excluded.at > epoch.at THEN excluded.change
        ELSE epoch.change END,
      keep_until = CASE WHEN epoch.keep_until <= ${now} THEN excluded.keep_until
        ELSE greatest(epoch.keep_until, excluded.keep_until) END
    RETURNING pg_notify(${epochChannel}, '')`.execute(database);
}

interface ChangeRow {
  readonly origin: string;
  readonly change: number;
  /** Null where nothing changed. */
  readonly name: string | null;
  readonly at: number | null;
}

function toBump({ name, at }: ChangeRow): readonly EpochBump[] {
  if (name === null || at === null) return [];
  const [kind, id] = JSON.parse(name) as [EpochKey['kind'], string];
  return [{ key: { kind, id }, at }];
}

/** What is no cursor of ours begins from the beginning. */
function parseCursor(cursor = ''): { readonly origin: string; readonly change: number } {
  const [, origin = '', change = ''] = /^([0-9a-f-]{36}):(\d{1,15})$/.exec(cursor) ?? [];
  return { origin, change: Number(change) };
}
