import { epochKeysOf } from '../../model/epoch-keys.ts';
import { after, type Eventual } from '../../model/eventual.ts';
import { faultMessage } from '../../model/fault-message.ts';
import { type Refusal, refuse } from '../../model/refusal.ts';
import type { Subject } from '../../model/subject.ts';
import type { Task } from '../../model/task.ts';
import type { Clock, Tasks, TaskUse } from '../../pipeline/ports.ts';
import type { Spending, TaskLedger } from '../../pipeline/store-ports.ts';
import { createLru } from '../lru.ts';
import type { Revocations } from '../revocation/revocations.ts';

/** What the port is made of. */
export interface TasksOptions {
  readonly ledger: Pick<TaskLedger, 'open' | 'take'>;
  readonly revocations: Pick<Revocations, 'isRevoked' | 'watch' | 'stale'>;
  readonly clock: Pick<Clock, 'now'>;
  /** How long a call without a task may outlive its token, in milliseconds: it was begun in time. Default 10 minutes. */
  readonly graceMs?: number;
}

const tenMinutes = 600_000;
const mostOpened = 50_000;

/**
 * Tasks as the pipeline sees them. A subject without a task is watched for revocations alone; one with a task pays from
 * its budget. Implicit tasks are entered on first use; all replicas enter the same one.
 */
export function createTasks({ ledger, revocations, clock, graceMs = tenMinutes }: TasksOptions): Tasks {
  const opened = createLru<true>(mostOpened);
  const keys = rememberedKeys();

  const enter = (task: Task): Eventual<void> => {
    if (task.implicit !== true || opened.get(task.id)) return undefined;
    const { id, ancestors, budget, notAfter } = task;
    return after(ledger.open({ task: id, ancestors, budget, notAfter }), () => opened.set(id, true));
  };
  const take = (task: Task, amount: Spending): Eventual<Refusal | undefined> =>
    after(
      after(enter(task), () => ledger.take(task.id, amount, clock.now())),
      refusalOf,
    );
  const admit = (subject: Subject, amount: Spending): Eventual<Refusal | undefined> => {
    const { task } = subject;
    if (revocations.stale()) return refuse('overloaded', 'revocations could not be followed for too long');
    if (revocations.isRevoked(keys(subject), subject.issuedAt)) return revoked(task);
    if (task === undefined) return undefined;
    if (clock.now() >= task.notAfter) return refuse('task_ended', `task \`${task.id}\` is past its end`);
    return reached(() => take(task, amount));
  };

  return {
    begin: (subject, amount) =>
      after(admit(subject, amount), (refusal): TaskUse | Refusal => {
        if (refusal !== undefined) return refusal;
        const until = subject.task?.notAfter ?? subject.expiresAt + graceMs;
        const ended = revocations.watch(keys(subject), until, subject.issuedAt);
        // What was revoked while the ledger was asked has nobody left to abort it.
        const late = revocations.isRevoked(keys(subject), subject.issuedAt);
        return late ? revoked(subject.task) : { ended };
      }),
    charge: ({ task }, bytes) => {
      // A task without a budget of bytes has no ancestor with one: a grant takes over what its parent is limited to.
      if (task?.budget.bytes === undefined || bytes === 0) return undefined;
      return reached(() => take(task, { calls: 0, bytes }));
    },
  };
}

/** One token has one subject object, so its keys are made once. */
function rememberedKeys(): typeof epochKeysOf {
  const known = new WeakMap<object, ReturnType<typeof epochKeysOf>>();
  return (subject) => {
    const before = known.get(subject);
    if (before !== undefined) return before;
    const made = epochKeysOf(subject);
    known.set(subject, made);
    return made;
  };
}

function revoked(task: Task | undefined): Refusal {
  if (task === undefined) {
    return refuse('task_ended', 'its user, agent, device or token was revoked', {
      reason: 'this access has been revoked',
    });
  }
  return refuse('task_ended', `task \`${task.id}\` or what it hangs on was revoked`);
}

function refusalOf(outcome: 'taken' | 'exhausted' | 'ended'): Refusal | undefined {
  if (outcome === 'taken') return undefined;
  if (outcome === 'exhausted') return refuse('budget_exhausted', 'the ledger has not enough left');
  return refuse('task_ended', 'the ledger says that it or a task above it is over');
}

/** A ledger out of reach refuses: without it nobody knows what is left. */
function reached(ask: () => Eventual<Refusal | undefined>): Eventual<Refusal | undefined> {
  const unreachable = (fault: unknown): Refusal =>
    refuse('overloaded', `the task ledger cannot be reached: ${faultMessage(fault)}`);
  try {
    const outcome = ask();
    return outcome instanceof Promise ? outcome.catch(unreachable) : outcome;
  } catch (fault) {
    return unreachable(fault);
  }
}
