import type { JsonObject } from './json.ts';

/** Who, did what, on what, in which circumstances, by which policy: one line of the audit log for every decision. */
export interface DecisionRecord {
  readonly kind: 'decision';
  /** The decision id that the caller is told: a UUIDv7, so that records sort by time. */
  readonly id: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly at: string;
  readonly decision: 'permit' | 'deny';
  /** The row of the denial table, for a denial. */
  readonly denial?: string;
  /** The detail of a denial, which the caller is not told. */
  readonly detail?: string;
  /** The stage that refused. */
  readonly stage?: string;
  /** Undefined when nobody was identified. */
  readonly subject?: RecordedSubject;
  readonly action?: string;
  readonly resource?: { readonly id: string; readonly tags: Readonly<Record<string, string>> };
  readonly environment: { readonly peer: string; readonly endpoint: string; readonly revision?: string };
  readonly policies: readonly string[];
  /** What the permit was tied to, such as `strip hidden-text.bidi at /arguments/body`. */
  readonly obligations: readonly string[];
  /** SHA-256 of the request body, base64url. */
  readonly request?: string;
  /** From arrival to decision, in microseconds. */
  readonly latencyUs: number;
  readonly traceId?: string;
}

/** The subject as recorded: no claims beyond the names, no token. */
export interface RecordedSubject {
  readonly user: string;
  readonly issuer: string;
  readonly roles: readonly string[];
  readonly agent: string;
  /** The agents that it acts for, the nearest first (RFC 8693 section 4.1). */
  readonly actsFor?: readonly string[];
  readonly device: { readonly id?: string; readonly managed: boolean };
  /** How the sender proved the key of its token; absent for a bearer token. */
  readonly proof?: 'dpop' | 'certificate';
  /** The task that the call belongs to; absent where there is none. */
  readonly task?: RecordedTask;
}

/** The task of a call as recorded. Its permissions stand in the `task granted` event of the same id. */
export interface RecordedTask {
  readonly id: string;
  /** The tasks that it was delegated from, the first one first. */
  readonly ancestors?: readonly string[];
  readonly purpose?: string;
  /** Made by the gateway for a token that names no task. */
  readonly implicit?: true;
}

/** What became of a permitted call. It names its decision and follows it in the log. */
export interface OutcomeRecord {
  readonly kind: 'outcome';
  /** Id of the decision. */
  readonly id: string;
  readonly at: string;
  readonly outcome: 'released' | 'refused';
  readonly denial?: string;
  readonly detail?: string;
  readonly findings: readonly string[];
  /** SHA-256 of the released message, base64url. */
  readonly result?: string;
  readonly bytes?: number;
  /** From forwarding to answer, in microseconds. */
  readonly upstreamUs?: number;
  /** How long the answer waited for the decision to be on disk, in microseconds. */
  readonly waitUs?: number;
  /** From arrival to release, in microseconds. */
  readonly totalUs: number;
}

/** Something that happened to the gateway itself: started, configuration loaded, server held back. */
export interface EventRecord {
  readonly kind: 'event';
  readonly id: string;
  readonly at: string;
  readonly event: string;
  readonly facts: JsonObject;
}

/** One entry of the audit log. */
export type AuditRecord = DecisionRecord | OutcomeRecord | EventRecord;
