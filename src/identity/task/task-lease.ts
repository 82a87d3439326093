import type { TaskId } from '../../model/task.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { Spending, TaskLedger } from '../../pipeline/store-ports.ts';
import { chunkOf, isEnough, isLow, isNothing, larger, minus, nothing, plus } from './chunk.ts';

/** What leases are made by. */
export interface LeaseTerms {
  readonly ledger: Pick<TaskLedger, 'take' | 'giveBack' | 'state'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly idleMs: number;
  readonly maxAgeMs: number;
  readonly most: Spending;
}

/** A part of the budget of one task, held in this process. It begins empty, when the task was used for the first time. */
export class TaskLease {
  readonly #task: TaskId;
  readonly #terms: LeaseTerms;
  readonly #onIdle: () => void;
  #held: Spending = nothing;
  /** What it is filled up to; undefined while the ledger was not asked, or the budget is too small to hold parts of it. */
  #chunk: Spending | undefined;
  #isTooSmall = false;
  #filling: Promise<void> | undefined;
  #largest: Spending = nothing;
  #notAfter = 0;
  #askedAt = 0;
  #usedAt: number;
  #timer: NodeJS.Timeout;
  #isOver = false;

  constructor(task: TaskId, terms: LeaseTerms, onIdle: () => void) {
    this.#task = task;
    this.#terms = terms;
    this.#onIdle = onIdle;
    this.#usedAt = terms.clock.now();
    this.#timer = this.#wakeAfter(terms.idleMs);
  }

  /** Spends from what is held; false if that is not enough, or the ledger must be asked whether the task lives. */
  spend(amount: Spending, now: number): boolean {
    const age = this.#terms.clock.now() - this.#askedAt;
    if (now > this.#notAfter || age > this.#terms.maxAgeMs || age < 0) return false;
    if (!isEnough(this.#held, amount)) return false;
    this.#held = minus(this.#held, amount);
    this.#usedAt = this.#terms.clock.now();
    if (this.#chunk !== undefined && isLow(this.#held, this.#chunk)) this.#refill();
    return true;
  }

  /** The ledger gave an amount itself: the task lived when it was asked. Whoever comes again holds a part. */
  wasPaid(amount: Spending, askedAt: number): void {
    const isFirst = this.#askedAt === 0;
    this.#usedAt = this.#terms.clock.now();
    this.#askedAt = Math.max(this.#askedAt, askedAt);
    this.#largest = larger(this.#largest, amount);
    if (!isFirst) this.#refill();
  }

  /** Whether something is held, or on its way here. */
  get isHolding(): boolean {
    return this.#filling !== undefined || !isNothing(this.#held);
  }

  /** Gives everything back, what is on its way too. Nothing is spent afterwards. */
  async giveUp(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    const held = this.#held;
    this.#held = nothing;
    await Promise.all([this.#giveBack(held), this.#filling]);
  }

  #wakeAfter(ms: number): NodeJS.Timeout {
    const wake = (): void => {
      const rest = this.#usedAt + this.#terms.idleMs - this.#terms.clock.now();
      if (rest <= 0) this.#onIdle();
      // A clock that was set back must not make it wait longer.
      else this.#timer = this.#wakeAfter(Math.min(rest, this.#terms.idleMs));
    };
    return setTimeout(wake, ms).unref();
  }

  #refill(): void {
    if (this.#filling !== undefined || this.#isTooSmall || this.#isOver) return;
    this.#filling = this.#fill()
      // A ledger out of reach shows in the next take that it is asked for.
      .catch(() => undefined)
      .finally(() => {
        this.#filling = undefined;
      });
  }

  async #fill(): Promise<void> {
    const { ledger, clock, most } = this.#terms;
    const askedAt = clock.now();
    const state = await ledger.state(this.#task);
    this.#chunk = state && chunkOf(state.left, this.#largest, most);
    this.#isTooSmall = this.#chunk === undefined;
    if (state === undefined || this.#chunk === undefined || this.#isOver) return;
    this.#notAfter = state.notAfter;
    const wanted = minus(this.#chunk, this.#held);
    if (isNothing(wanted)) return;
    const answer = await ledger.take(this.#task, wanted, askedAt);
    // An ancestor may have less left than the task itself; what has ended says so at the next take.
    this.#isTooSmall = answer !== 'taken';
    if (answer !== 'taken') return;
    if (this.#isOver) return this.#giveBack(wanted);
    this.#askedAt = Math.max(this.#askedAt, askedAt);
    this.#held = plus(this.#held, wanted);
  }

  /** What does not arrive is lost to the task: whether it did is not known, and twice would be too much. */
  async #giveBack(amount: Spending): Promise<void> {
    if (isNothing(amount)) return;
    try {
      await this.#terms.ledger.giveBack(this.#task, amount);
    } catch {
      // The ledger is out of reach, which shows in the next take.
    }
  }
}
