import type { TaskBudget, TaskId } from '../../model/task.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { LedgerEntry, Spending, TaskLedger } from '../../pipeline/store-ports.ts';
import { assertSpending } from '../spending.ts';
import { taskKeptMs } from '../task-retention.ts';
import type { MemoryEpochs } from './epochs.ts';
import { type Fading, fading } from './fading.ts';

const limit = 100_000;

interface Running {
  readonly entry: LedgerEntry;
  readonly children: Set<TaskId>;
  left: TaskBudget;
  ended: boolean;
}

/** A ledger that is forgotten with the process. Throws when 100,000 tasks are known. */
export function memoryLedger({ now }: Pick<Clock, 'now'>, bump: MemoryEpochs['bump']): TaskLedger {
  const tasks = fading<Running>(now, limit, 'tasks');
  return {
    open: (entry) => open(tasks, entry, now()),
    take: (id, amount, time) => {
      assertSpending(amount);
      const chain = chainOf(tasks, id);
      if (chain === undefined || chain.some((task) => isOver(task, time))) return 'ended';
      if (!chain.every(({ left }) => suffices(left, amount))) return 'exhausted';
      for (const task of chain) task.left = less(task.left, amount);
      return 'taken';
    },
    giveBack: (id, amount) => {
      assertSpending(amount);
      for (const task of chainOf(tasks, id) ?? []) task.left = more(task.left, amount, task.entry.budget);
    },
    end: (id, time) => {
      const ending = treeOf(tasks, id);
      for (const { entry } of ending)
        bump({ kind: 'task', id: entry.task }, time, Math.max(entry.notAfter, time) + taskKeptMs);
      for (const task of ending) task.ended = true;
      return ending.map(({ entry }) => entry.task);
    },
    state: (id) => {
      const task = tasks.get(id);
      if (task === undefined) return undefined;
      return { left: { ...task.left }, ended: task.ended, notAfter: task.entry.notAfter };
    },
  };
}

function open(
  tasks: Fading<Running>,
  { task, ancestors, budget, notAfter }: LedgerEntry,
  now: number,
): 'opened' | 'parent-ended' | 'exists' {
  if (tasks.get(task) !== undefined) return 'exists';
  const above = ancestors.map((id) => tasks.get(id));
  if (above.some((ancestor) => ancestor === undefined || isOver(ancestor, now))) return 'parent-ended';
  const entry = { task, ancestors: [...ancestors], budget: { ...budget }, notAfter };
  tasks.set(task, { entry, children: new Set(), left: { ...budget }, ended: false }, notAfter + taskKeptMs);
  above.at(-1)?.children.add(task);
  return 'opened';
}

/** A task and all its ancestors; undefined if one of them is not known. */
function chainOf(tasks: Fading<Running>, id: TaskId): readonly Running[] | undefined {
  const task = tasks.get(id);
  if (task === undefined) return undefined;
  const above = task.entry.ancestors.map((ancestor) => tasks.get(ancestor));
  const known = above.filter((ancestor) => ancestor !== undefined);
  return known.length === above.length ? [...known, task] : undefined;
}

function isOver({ ended, entry }: Running, now: number): boolean {
  return ended || now > entry.notAfter;
}

/** A task and all that was delegated from it, as far as they have not ended. */
function treeOf(tasks: Fading<Running>, id: TaskId): readonly Running[] {
  const task = tasks.get(id);
  if (task === undefined || task.ended) return [];
  return [task, ...[...task.children].flatMap((child) => treeOf(tasks, child))];
}

function suffices({ calls, bytes }: TaskBudget, amount: Spending): boolean {
  return (calls ?? amount.calls) >= amount.calls && (bytes ?? amount.bytes) >= amount.bytes;
}

function less({ calls, bytes }: TaskBudget, amount: Spending): TaskBudget {
  return {
    ...(calls !== undefined && { calls: calls - amount.calls }),
    ...(bytes !== undefined && { bytes: bytes - amount.bytes }),
  };
}

function more({ calls, bytes }: TaskBudget, amount: Spending, begin: TaskBudget): TaskBudget {
  return {
    ...(calls !== undefined && { calls: Math.min(calls + amount.calls, begin.calls ?? calls) }),
    ...(bytes !== undefined && { bytes: Math.min(bytes + amount.bytes, begin.bytes ?? bytes) }),
  };
}
