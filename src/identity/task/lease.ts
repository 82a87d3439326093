import { after } from '../../model/eventual.ts';
import type { TaskId } from '../../model/task.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { Spending, TaskLedger } from '../../pipeline/store-ports.ts';
import { isAmount } from './chunk.ts';
import { type LeaseTerms, TaskLease } from './task-lease.ts';

/** How much is held, and for how long. */
export interface LeaseOptions {
  /** What was not used for so long is given back, in milliseconds. */
  readonly idleMs?: number;
  /** After so long the ledger is asked even if enough is held, in milliseconds: the task may have ended elsewhere. */
  readonly maxAgeMs?: number;
  /** The most that is held for one task. */
  readonly most?: Spending;
}

/** A ledger of which parts are held in this process. */
export interface LeasedLedger extends TaskLedger {
  /** Gives back what is held for a task, because it ended elsewhere; the next take asks the ledger. */
  readonly release: (task: TaskId) => Promise<void>;
  /** Gives everything back. Afterwards every take asks the ledger. */
  readonly close: () => Promise<void>;
}

type Answer = Awaited<ReturnType<TaskLedger['take']>>;

/**
 * Takes of a task in steady use do not wait for the ledger: a part of what is left, a sixteenth, is taken ahead and spent
 * here. Of a task that is used once, and of a small budget, nothing is held: every take is the ledger's own.
 *
 * INVARIANT: only what the ledger gave is spent, so all replicas together spend no more than the budget. What is held and
 * not used is given back when it lies idle, when the task ends and at the close, so that all of the budget can be used.
 * While one replica holds a part, the ledger shows it as gone: another may be told `'exhausted'` for that long.
 *
 * After its own deadline nothing is spent from a lease. The deadlines of ancestors and ends on other replicas count from
 * the next question to the ledger on: `maxAgeMs` later at most, or at once with `release`.
 */
export function leased(
  ledger: TaskLedger,
  clock: Pick<Clock, 'now'>,
  { idleMs = 250, maxAgeMs = 1_000, most = { calls: 64, bytes: 1_048_576 } }: LeaseOptions = {},
): LeasedLedger {
  const terms: LeaseTerms = { ledger, clock, idleMs, maxAgeMs, most };
  const leases = new Map<TaskId, TaskLease>();
  const givingUp = new Set<Promise<void>>();
  let isClosed = false;

  const release = (task: TaskId): Promise<void> => {
    const lease = leases.get(task);
    if (lease === undefined) return Promise.resolve();
    leases.delete(task);
    const done = lease.giveUp().finally(() => givingUp.delete(done));
    givingUp.add(done);
    return done;
  };

  const leaseOf = (task: TaskId): TaskLease => {
    // `giveUp` does not reject.
    const lease = leases.get(task) ?? new TaskLease(task, terms, () => void release(task));
    leases.set(task, lease);
    return lease;
  };

  const afterAnswer = (task: TaskId, amount: Spending, askedAt: number, answer: Answer): void => {
    if (answer === 'taken' && !isClosed) leaseOf(task).wasPaid(amount, askedAt);
    if (answer === 'ended') void release(task); // does not reject
  };

  const ask: TaskLedger['take'] = (task, amount, now) => {
    const askedAt = clock.now();
    return after(ledger.take(task, amount, now), (answer) => {
      afterAnswer(task, amount, askedAt, answer);
      if (answer !== 'exhausted' || leases.get(task)?.isHolding !== true) return answer;
      // What is held here may be what is missing there.
      return release(task).then(() => ledger.take(task, amount, now));
    });
  };

  return {
    open: ledger.open,
    take: (task, amount, now) =>
      isAmount(amount) && leases.get(task)?.spend(amount, now) ? 'taken' : ask(task, amount, now),
    giveBack: ledger.giveBack,
    end: async (task, now) => {
      const ended = await ledger.end(task, now);
      await Promise.all([task, ...ended].map(release));
      return ended;
    },
    state: ledger.state,
    release,
    close: async () => {
      isClosed = true;
      for (const task of [...leases.keys()]) void release(task); // does not reject
      await Promise.all(givingUp);
    },
  };
}
