import { sql } from 'kysely';
import type { TaskId } from '../../model/task.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { LedgerState, TaskLedger } from '../../pipeline/store-ports.ts';
import { assertSpending } from '../spending.ts';
import { taskKeptMs } from '../task-retention.ts';
import type { Database } from './database.ts';
import { bumpEpochs } from './epochs.ts';
import { tidyOf } from './tidy.ts';

/**
 * A ledger in a database: `quick` for what every call does, `durable` for what must not be undone.
 *
 * INVARIANT: every statement locks tasks from the first ancestor down, so that no two wait for each other; and a locked
 * row is read as it is after the wait (PostgreSQL, "Read Committed Isolation Level").
 */
export function postgresLedger(
  { quick, durable }: { readonly quick: Database; readonly durable: Database },
  { now }: Pick<Clock, 'now'>,
): TaskLedger {
  return {
    open: openOf(durable, now),
    take: takeOf(quick),
    giveBack: giveBackOf(quick),
    end: endOf(durable, now),
    state: stateOf(quick, now),
  };
}

function openOf(database: Database, now: () => number): TaskLedger['open'] {
  const tidy = tidyOf(database, 'bartizan_task', (time) => sql`not_after <= ${time - taskKeptMs}`);
  return async ({ task, ancestors, budget, notAfter }) => {
    const time = now();
    const { calls = null, bytes = null } = budget;
    const { rows } = await sql<{ fits: boolean; entered: boolean; known: boolean }>`
      WITH above AS (
        SELECT ended, not_after FROM bartizan_task WHERE id = ANY (${[...ancestors]}::text[])
        ORDER BY cardinality(ancestors), id FOR SHARE
      ), fit AS (
        SELECT count(*) = ${ancestors.length}::bigint AND coalesce(bool_and(NOT ended AND not_after >= ${time}), true)
          AS fits FROM above
      ), entered AS (
        INSERT INTO bartizan_task AS task (id, ancestors, calls, bytes, calls_left, bytes_left, not_after)
        SELECT ${task}, ${[...ancestors]}::text[], ${calls}::bigint, ${bytes}::bigint, ${calls}::bigint,
          ${bytes}::bigint, ${notAfter}::bigint FROM fit WHERE fits
        ON CONFLICT (id) DO UPDATE SET ancestors = excluded.ancestors, calls = excluded.calls,
          bytes = excluded.bytes, calls_left = excluded.calls_left, bytes_left = excluded.bytes_left,
          not_after = excluded.not_after, ended = false
        WHERE task.not_after <= ${time - taskKeptMs}
        RETURNING 1
      )
      SELECT fits, EXISTS (SELECT FROM entered) AS entered, EXISTS (
        SELECT FROM bartizan_task WHERE id = ${task} AND not_after > ${time - taskKeptMs}
      ) AS known FROM fit`.execute(database);
    tidy(time);
    const [row] = rows;
    if (row?.entered === true) return 'opened';
    return row?.known === true || row?.fits === true ? 'exists' : 'parent-ended';
  };
}

/** A task and its ancestors, locked. */
const line = (task: TaskId): ReturnType<typeof sql> => sql`
  SELECT id, calls_left, bytes_left, ended, not_after, cardinality(ancestors) AS depth FROM bartizan_task
  WHERE id = ANY (array_append((SELECT ancestors FROM bartizan_task WHERE id = ${task}), ${task}))
  ORDER BY cardinality(ancestors), id FOR UPDATE`;

function takeOf(database: Database): TaskLedger['take'] {
  return async (task, amount, now) => {
    assertSpending(amount);
    const [calls, bytes] = [sql`${amount.calls}::bigint`, sql`${amount.bytes}::bigint`];
    const { rows } = await sql<{ answer: 'taken' | 'exhausted' | 'ended' }>`
      WITH line AS (${line(task)}), verdict AS (
        SELECT CASE
          WHEN coalesce(count(*) <> max(depth) + 1 OR bool_or(ended OR not_after < ${now}), true) THEN 'ended'
          WHEN bool_or(calls_left < ${calls} OR bytes_left < ${bytes}) THEN 'exhausted'
          ELSE 'taken' END AS answer FROM line
      ), charged AS (
        UPDATE bartizan_task AS task SET calls_left = task.calls_left - ${calls},
          bytes_left = task.bytes_left - ${bytes}
        FROM line, verdict WHERE task.id = line.id AND answer = 'taken'
      )
      SELECT answer FROM verdict`.execute(database);
    return rows[0]?.answer ?? 'ended';
  };
}

function giveBackOf(database: Database): TaskLedger['giveBack'] {
  return async (task, amount) => {
    assertSpending(amount);
    await sql`
      WITH line AS (${line(task)})
      UPDATE bartizan_task AS task SET calls_left = least(calls, task.calls_left + ${amount.calls}::bigint),
        bytes_left = least(bytes, task.bytes_left + ${amount.bytes}::bigint)
      FROM line WHERE task.id = line.id`.execute(database);
  };
}

function endOf(database: Database, now: () => number): TaskLedger['end'] {
  return (task, at) =>
    database.transaction().execute(async (within) => {
      // A statement of its own: the next one then sees every child that was entered before the lock was had.
      await sql`SELECT FROM bartizan_task WHERE id = ${task} FOR UPDATE`.execute(within);
      const { rows } = await sql<{ id: TaskId; not_after: number }>`
        WITH doomed AS (
          SELECT id FROM bartizan_task WHERE NOT ended AND (id = ${task} OR ancestors @> ARRAY[${task}]::text[])
          ORDER BY cardinality(ancestors), id FOR UPDATE
        )
        UPDATE bartizan_task AS task SET ended = true FROM doomed WHERE task.id = doomed.id
        RETURNING task.id, task.not_after`.execute(within);
      const epochs = rows.map(({ id, not_after }) => ({
        key: { kind: 'task', id } as const,
        at,
        keepUntil: Math.max(not_after, at) + taskKeptMs,
      }));
      if (epochs.length > 0) await bumpEpochs(within, epochs, now());
      return rows.map(({ id }) => id);
    });
}

function stateOf(database: Database, now: () => number): TaskLedger['state'] {
  return async (task): Promise<LedgerState | undefined> => {
    const row = await database
      .selectFrom('bartizan_task')
      .select(['calls_left', 'bytes_left', 'ended', 'not_after'])
      .where('id', '=', task)
      .where('not_after', '>', now() - taskKeptMs)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const { calls_left: calls, bytes_left: bytes, ended, not_after: notAfter } = row;
    return { left: { ...(calls !== null && { calls }), ...(bytes !== null && { bytes }) }, ended, notAfter };
  };
}
