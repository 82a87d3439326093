import { randomUUID } from 'node:crypto';
import type { TaskBudget, TaskId } from '../../model/task.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { Epochs, LedgerEntry, LedgerState, Spending, TaskLedger } from '../../pipeline/store-ports.ts';
import { assertSpending } from '../spending.ts';
import type { Connection } from './connection.ts';
import { epochKeys, epochLua } from './epoch-lua.ts';
import * as lua from './ledger-lua.ts';
import { keepMs, lifetimeMs, moment, script } from './script.ts';
import { redisTrees, type Trees } from './trees.ts';

const open = script(lua.openLua);
const take = script(lua.takeLua);
const giveBack = script(lua.giveBackLua);
const state = script(lua.stateLua);
const end = script(epochLua, lua.endLua);
const close = script(lua.closeLua);
const settle = script(lua.settleLua);

/**
 * The ledger in Redis. A command whose answer is lost may have been carried out: then some budget is gone, and never more
 * was spent than there was. A server that lost its state knows no task, and every take answers `'ended'`.
 *
 * @param bumpElsewhere bumps an epoch in a cluster, where epochs and tasks stand on different nodes
 */
export function redisLedger(
  connection: Connection,
  clock: Pick<Clock, 'now'>,
  bumpElsewhere: Epochs['bump'] | undefined,
): TaskLedger {
  const trees = redisTrees(
    connection,
    async (tree, task) => (await connection.evaluate(state, [tree], [task])) !== null,
  );
  const within = (task: TaskId, run: Parameters<typeof connection.evaluate>[0], args: readonly string[]) =>
    trees.within(task, (tree) => connection.evaluate(run, [tree], [task, ...args]));
  return {
    open: (entry) => enter(connection, trees, entry, clock.now()),
    take: async (task, amount, now) => {
      const answer = await within(task, take, [...amounts(amount), moment(now)]);
      return answer === 'taken' || answer === 'exhausted' ? answer : 'ended';
    },
    giveBack: async (task, amount) => {
      await within(task, giveBack, amounts(amount));
    },
    end: async (task, now) =>
      (await trees.within(task, (tree) =>
        bumpElsewhere === undefined
          ? endAtOnce(connection, tree, task, now)
          : endInSteps(connection, bumpElsewhere, tree, task, now),
      )) ?? [],
    state: async (task) => {
      const found = (await within(task, state, [])) as readonly string[] | null;
      return found === null ? undefined : stateOf(found, clock.now());
    },
  };
}

function amounts(amount: Spending): readonly string[] {
  assertSpending(amount);
  return [String(amount.calls), String(amount.bytes)];
}

async function enter(
  connection: Connection,
  trees: Trees,
  { task, ancestors, budget, notAfter }: LedgerEntry,
  now: number,
): Promise<'opened' | 'parent-ended' | 'exists'> {
  const limits = [budget.calls, budget.bytes].map((limit) => (limit === undefined ? '' : String(limit)));
  assertSpending({ calls: budget.calls ?? 0, bytes: budget.bytes ?? 0 });
  const lifetime = lifetimeMs(notAfter, now);
  const tree = await trees.place(task, ancestors[0] ?? task, lifetime);
  if (tree === undefined) return 'exists';
  const times = [moment(now), lifetime, String(keepMs)];
  const args = [task, JSON.stringify(ancestors), moment(notAfter), ...limits, ...times];
  return (await connection.evaluate(open, [tree], args)) as 'opened' | 'parent-ended' | 'exists';
}

async function endAtOnce(
  connection: Connection,
  tree: string,
  task: TaskId,
  now: number,
): Promise<readonly TaskId[] | null> {
  const args = [task, moment(now), String(keepMs), randomUUID()];
  return (await connection.evaluate(end, [tree, ...epochKeys], args)) as TaskId[] | null;
}

/**
 * In a cluster tree and epochs stand on different nodes. INVARIANT: first nothing more can be taken, then the epochs are
 * told, and only then the tasks count as ended; so whatever fails in between, an end that is asked for again does all.
 */
async function endInSteps(
  connection: Connection,
  bump: Epochs['bump'],
  tree: string,
  task: TaskId,
  now: number,
): Promise<readonly TaskId[] | null> {
  const closed = (await connection.evaluate(close, [tree], [task])) as string[] | null;
  if (closed === null || closed.length === 0) return closed as [] | null;
  const ids = closed.filter((_, index) => index % 2 === 0);
  const deadlines = closed.filter((_, index) => index % 2 === 1).map(Number);
  await Promise.all(
    ids.map((id, index) => bump({ kind: 'task', id }, now, Math.max(deadlines[index] ?? 0, now) + keepMs)),
  );
  return (await connection.evaluate(settle, [tree], ids)) as TaskId[];
}

function stateOf([calls = '', bytes = '', ended = '', deadline]: readonly string[], now: number) {
  const notAfter = Number(deadline);
  if (notAfter + keepMs < now) return undefined;
  const left: TaskBudget = {
    ...(calls !== '' && { calls: Number(calls) }),
    ...(bytes !== '' && { bytes: Number(bytes) }),
  };
  return { left, ended: ended !== '', notAfter } satisfies LedgerState;
}
