import type { EpochKey } from '../model/epoch-keys.ts';
import type { Eventual } from '../model/eventual.ts';
import type { JsonObject } from '../model/json.ts';
import type { TaskBudget, TaskId } from '../model/task.ts';

export type { EpochKey };

/**
 * State that replicas of a gateway share. Two kinds: `HotState` changes with calls and lives for minutes; `Documents`
 * change with people and live for months. Each has one contract suite, which every adapter passes.
 *
 * Times are milliseconds since the epoch. Every method rejects when the state cannot be reached; whoever asked then
 * refuses. INVARIANT: every method is one atomic step, whatever other replicas do at the same moment.
 */
export interface HotState {
  readonly replay: ReplayCache;
  readonly epochs: Epochs;
  readonly ledger: TaskLedger;
  readonly close: () => Promise<void>;
}

/** Remembers what was used once: identifiers of proofs and assertions (RFC 9449 section 11.1, RFC 7523 section 3). */
export interface ReplayCache {
  /** True for the first claim of a key; false until `expiresAt` for every later one. */
  readonly claim: (key: string, expiresAt: number) => Eventual<boolean>;
}

/**
 * Revocation epochs: whatever was issued for a key at or before its epoch no longer counts. Monotone: an epoch never
 * moves back. Keys are made by `epochKey`.
 */
export interface Epochs {
  /** Moves the epoch of a key forward to `at`; forgotten after `keepUntil`, when nothing issued before it can be alive. */
  readonly bump: (key: EpochKey, at: number, keepUntil: number) => Eventual<void>;
  /** What changed after a cursor, in order, and the cursor to ask with next; from the beginning for `undefined`. */
  readonly since: (cursor: string | undefined) => Eventual<EpochChanges>;
  /** Calls the listener soon after any replica bumped an epoch; a nudge may be lost, so `since` is polled too. */
  readonly onBump: (listener: () => void) => () => void;
}

/** One epoch. */
export interface EpochBump {
  readonly key: EpochKey;
  readonly at: number;
}

/** The answer of {@link Epochs.since}. */
export interface EpochChanges {
  readonly bumps: readonly EpochBump[];
  readonly cursor: string;
}

/** The running tasks with what is left of their budgets. */
export interface TaskLedger {
  /**
   * Enters a task. `'parent-ended'`: one of its ancestors has ended, is over, or was never entered. `'exists'`: there is
   * one of that id already; nothing changed.
   */
  readonly open: (entry: LedgerEntry) => Eventual<'opened' | 'parent-ended' | 'exists'>;
  /**
   * Takes from the budgets of a task and of all its ancestors, all or nothing. After `notAfter` it answers `'ended'`.
   */
  readonly take: (task: TaskId, amount: Spending, now: number) => Eventual<'taken' | 'exhausted' | 'ended'>;
  /** Gives back what was taken and not used. Never raises a budget above what it began with. */
  readonly giveBack: (task: TaskId, amount: Spending) => Eventual<void>;
  /**
   * Ends a task and everything delegated from it, and bumps the epoch of each at `now`. Answers the ids that ended now;
   * none when they had ended before or are not known.
   */
  readonly end: (task: TaskId, now: number) => Eventual<readonly TaskId[]>;
  /** What is left; undefined for a task that is not known or over long ago. */
  readonly state: (task: TaskId) => Eventual<LedgerState | undefined>;
}

/** A task as it is entered. */
export interface LedgerEntry {
  readonly task: TaskId;
  /** The first one first; the last one is the parent. */
  readonly ancestors: readonly TaskId[];
  readonly budget: TaskBudget;
  readonly notAfter: number;
}

/** An amount of budget. */
export interface Spending {
  readonly calls: number;
  readonly bytes: number;
}

/** What is left of a task. */
export interface LedgerState {
  readonly left: TaskBudget;
  readonly ended: boolean;
  readonly notAfter: number;
}

/** Documents that outlive processes: clients, consents, accounts, connections, keys, grants. */
export interface Documents {
  readonly get: (kind: string, id: string) => Eventual<StoredDocument | undefined>;
  /**
   * Writes a document. With `expected`, only if its version is that one, or if there is none for `'absent'`; else it
   * answers `'conflict'` and nothing changed. Answers the new version.
   */
  readonly put: (
    kind: string,
    id: string,
    document: NewDocument,
    expected?: number | 'absent',
  ) => Eventual<number | 'conflict'>;
  /** Removes a document; answers whether there was one. */
  readonly remove: (kind: string, id: string) => Eventual<boolean>;
  /** The documents of one kind whose index has a value, oldest first; without an index all of the kind. At most `limit`. */
  readonly find: (
    kind: string,
    query: { readonly index?: { readonly name: string; readonly value: string }; readonly limit: number },
  ) => Eventual<readonly StoredDocument[]>;
  readonly close: () => Promise<void>;
}

/** A document to write. */
export interface NewDocument {
  readonly value: JsonObject;
  /** By these it is found; one value for each name. */
  readonly indexes?: Readonly<Record<string, string>>;
  /** After this it is as if it were not there. */
  readonly expiresAt?: number;
}

/** A document as it stands. */
export interface StoredDocument extends NewDocument {
  readonly id: string;
  /** Goes up with every write, from 1. */
  readonly version: number;
}
