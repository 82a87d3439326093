import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../pipeline/ports.ts';
import type { EpochBump, EpochKey, Epochs } from '../../pipeline/store-ports.ts';
import { createListeners } from '../listeners.ts';
import { tidyOf } from './tidy.ts';
import { durably, transactionOn } from './transaction.ts';

/** How often another process's bumps are looked for, in milliseconds. */
const lookEveryMs = 100;

/** Epochs in a database. */
export interface SqliteEpochs extends Epochs {
  /** Bumps within a transaction of the caller, who calls `nudge` when it is done. */
  readonly bumpWithin: (key: EpochKey, at: number, keepUntil: number) => void;
  readonly nudge: () => void;
  /** Ends the look-out for other processes. */
  readonly stop: () => void;
}

/** Opens the epochs of a database. A listener hears of another process's bumps after a tenth of a second. */
export function sqliteEpochs(database: DatabaseSync, { now }: Pick<Clock, 'now'>): SqliteEpochs {
  const bumpWithin = bumpOf(database, now);
  const { listen, nudge, stop } = lookOut(database);
  const transaction = durably(database, transactionOn(database));
  return {
    bumpWithin,
    nudge,
    stop,
    bump: (key, at, keepUntil) => {
      transaction(() => bumpWithin(key, at, keepUntil));
      nudge();
    },
    since: sinceOf(database, now),
    onBump: listen,
  };
}

function bumpOf(database: DatabaseSync, now: () => number): SqliteEpochs['bumpWithin'] {
  const find = database.prepare('SELECT at, keep_until FROM epoch WHERE kind = ? AND id = ?');
  const prolong = database.prepare('UPDATE epoch SET keep_until = ? WHERE kind = ? AND id = ?');
  const next = database.prepare('UPDATE epoch_origin SET change = change + 1 RETURNING change');
  const set = database.prepare(
    'INSERT OR REPLACE INTO epoch (kind, id, at, keep_until, change) VALUES (?, ?, ?, ?, ?)',
  );
  const tidy = tidyOf(database, 'epoch', 'kind, id', 'keep_until <= ?');
  return ({ kind, id }, at, keepUntil) => {
    const time = now();
    const row = find.get(kind, id);
    const before = Number(row?.['keep_until'] ?? 0) > time ? row : undefined;
    const longest = Math.max(keepUntil, Number(before?.['keep_until'] ?? keepUntil));
    if (before !== undefined && Number(before['at']) >= at) prolong.run(longest, kind, id);
    else set.run(kind, id, at, longest, Number(next.get()?.['change']));
    tidy(time);
  };
}

function sinceOf(database: DatabaseSync, now: () => number): Epochs['since'] {
  const place = database.prepare('SELECT origin, change FROM epoch_origin');
  const changed = database.prepare(
    'SELECT kind, id, at FROM epoch WHERE change > ? AND keep_until > ? ORDER BY change',
  );
  return (cursor) => {
    // The place is read first: what another process adds in between is told now and once more, and never missed.
    const { origin, change } = place.get() as { readonly origin: string; readonly change: number };
    const rows = changed.all(knownChange(cursor, origin, change), now());
    return { bumps: rows.map(toBump), cursor: `${origin}:${change}` };
  };
}

/** The number of the last change that the reader knows; 0 if the cursor is not of this database. */
function knownChange(cursor: string | undefined, origin: string, change: number): number {
  if (cursor === undefined || !cursor.startsWith(`${origin}:`)) return 0;
  const known = Number(cursor.slice(origin.length + 1));
  return Number.isSafeInteger(known) && known >= 0 && known <= change ? known : 0;
}

// The table's own checks hold the kind to the values of the type.
function toBump({ kind, id, at }: Record<string, unknown>): EpochBump {
  return { key: { kind, id } as EpochKey, at: Number(at) };
}

/** Watches the number of the last change while somebody listens. Its timer keeps no process alive. */
function lookOut(database: DatabaseSync): {
  readonly listen: Epochs['onBump'];
  readonly nudge: () => void;
  readonly stop: () => void;
} {
  const select = database.prepare('SELECT change FROM epoch_origin');
  const listeners = createListeners();
  let timer: NodeJS.Timeout | undefined;
  let known: unknown;
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  const nudge = (): void => {
    const change = select.get()?.['change'];
    if (change === known) return;
    known = change;
    listeners.call();
  };
  return {
    nudge,
    stop,
    listen: (listener) => {
      if (timer === undefined) known = select.get()?.['change'];
      timer ??= setInterval(nudge, lookEveryMs).unref();
      const remove = listeners.add(listener);
      return () => {
        remove();
        if (listeners.size() === 0) stop();
      };
    },
  };
}
