import type { DatabaseSync } from 'node:sqlite';
import type { TaskId } from '../../model/task.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { LedgerEntry, LedgerState, TaskLedger } from '../../pipeline/store-ports.ts';
import { assertSpending } from '../spending.ts';
import { taskKeptMs } from '../task-retention.ts';
import type { SqliteEpochs } from './epochs.ts';
import { tidyOf } from './tidy.ts';
import { durably, type Transaction, transactionOn } from './transaction.ts';

/** A ledger in a database. `task_line` holds, for each task, itself and its ancestors. */
export function sqliteLedger(
  database: DatabaseSync,
  { now }: Pick<Clock, 'now'>,
  epochs: SqliteEpochs,
): TaskLedger {
  const transaction = transactionOn(database);
  return {
    open: openOf(database, transaction, now),
    take: takeOf(database, transaction),
    giveBack: giveBackOf(database),
    end: endOf(database, durably(database, transaction), epochs),
    state: stateOf(database, now),
  };
}

function openOf(database: DatabaseSync, transaction: Transaction, now: () => number): TaskLedger['open'] {
  const find = database.prepare('SELECT not_after FROM task WHERE id = ?');
  const alive = database.prepare('SELECT 1 FROM task WHERE id = ? AND NOT ended AND not_after >= ?');
  const forget = database.prepare('DELETE FROM task WHERE id = ?');
  const enter = database.prepare(
    'INSERT INTO task (id, calls, bytes, calls_left, bytes_left, not_after) VALUES (?1, ?2, ?3, ?2, ?3, ?4)',
  );
  const line = database.prepare('INSERT INTO task_line (task, member) VALUES (?, ?)');
  const tidy = tidyOf(database, 'task', 'id', `not_after <= ? - ${taskKeptMs}`);
  const openNow = (entry: LedgerEntry, time: number): 'opened' | 'parent-ended' | 'exists' => {
    const { task, ancestors, budget, notAfter } = entry;
    const known = find.get(task);
    if (known !== undefined && Number(known['not_after']) + taskKeptMs > time) return 'exists';
    if (ancestors.some((id) => alive.get(id, time) === undefined)) return 'parent-ended';
    forget.run(task);
    enter.run(task, budget.calls ?? null, budget.bytes ?? null, notAfter);
    for (const member of [...ancestors, task]) line.run(task, member);
    tidy(time);
    return 'opened';
  };
  return (entry) => transaction(() => openNow(entry, now()));
}

function takeOf(database: DatabaseSync, transaction: Transaction): TaskLedger['take'] {
  // INVARIANT: an ancestor that is missing, and an empty line, count as ended.
  const weigh = database.prepare(
    `SELECT count(*) > 0 AND min(task.id IS NOT NULL AND NOT task.ended AND task.not_after >= ?2) AS runs,
       min(coalesce(calls_left >= ?3, 1) AND coalesce(bytes_left >= ?4, 1)) AS suffices
     FROM task_line LEFT JOIN task ON task.id = task_line.member WHERE task_line.task = ?1`,
  );
  const charge = database.prepare(
    `UPDATE task SET calls_left = calls_left - ?2, bytes_left = bytes_left - ?3
     WHERE id IN (SELECT member FROM task_line WHERE task = ?1)`,
  );
  return (task, amount, now) => {
    assertSpending(amount);
    return transaction(() => {
      const found = weigh.get(task, now, amount.calls, amount.bytes);
      if (found?.['runs'] !== 1) return 'ended';
      if (found['suffices'] !== 1) return 'exhausted';
      charge.run(task, amount.calls, amount.bytes);
      return 'taken';
    });
  };
}

function giveBackOf(database: DatabaseSync): TaskLedger['giveBack'] {
  const restore = database.prepare(
    `UPDATE task SET calls_left = min(calls, calls_left + ?2), bytes_left = min(bytes, bytes_left + ?3)
     WHERE id IN (SELECT member FROM task_line WHERE task = ?1)`,
  );
  return (task, amount) => {
    assertSpending(amount);
    restore.run(task, amount.calls, amount.bytes);
  };
}

function endOf(database: DatabaseSync, transaction: Transaction, epochs: SqliteEpochs): TaskLedger['end'] {
  const end = database.prepare(
    `UPDATE task SET ended = 1 WHERE NOT ended AND id IN (SELECT task FROM task_line WHERE member = ?)
     RETURNING id, not_after`,
  );
  return (task, now) => {
    const ended = transaction(() => {
      const rows = end.all(task);
      for (const { id, not_after } of rows)
        epochs.bumpWithin(
          { kind: 'task', id: String(id) },
          now,
          Math.max(Number(not_after), now) + taskKeptMs,
        );
      return rows.map(({ id }) => id as TaskId);
    });
    if (ended.length > 0) epochs.nudge();
    return ended;
  };
}

function stateOf(database: DatabaseSync, now: () => number): TaskLedger['state'] {
  const find = database.prepare('SELECT calls_left, bytes_left, ended, not_after FROM task WHERE id = ?');
  return (task): LedgerState | undefined => {
    const row = find.get(task);
    if (row === undefined || Number(row['not_after']) + taskKeptMs <= now()) return undefined;
    const { calls_left: calls, bytes_left: bytes } = row;
    return {
      left: {
        ...(calls !== null && { calls: Number(calls) }),
        ...(bytes !== null && { bytes: Number(bytes) }),
      },
      ended: row['ended'] === 1,
      notAfter: Number(row['not_after']),
    };
  };
}
