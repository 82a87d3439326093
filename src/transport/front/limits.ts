/** The limits of the front. Sizes in bytes, times in seconds. */
export interface FrontLimits {
  readonly headerBytes: number;
  readonly bodyBytes: number;
  /** Deepest nesting of a JSON body. */
  readonly jsonDepth: number;
  /** Time for a whole request to arrive. */
  readonly bodySeconds: number;
  /** Time a client may take nothing of what it is owed. */
  readonly stallSeconds: number;
  /** Time between comments on a quiet stream. */
  readonly keepAliveSeconds: number;
  /** Calls of one principal that run at once. */
  readonly callsPerPrincipal: number;
  /** Long-lived streams of one principal. */
  readonly streamsPerPrincipal: number;
  readonly sessionsPerPrincipal: number;
  readonly sessions: number;
  readonly sessionIdleSeconds: number;
  /** Resource subscriptions of one session. */
  readonly subscriptionsPerSession: number;
  /** Messages in a batch of 2025-03-26. */
  readonly batchMessages: number;
  /** How often a call may ask the user of a legacy client before it must answer. */
  readonly askRounds: number;
  /** Time for the user of a legacy client to answer one round of questions. */
  readonly askSeconds: number;
}

/** What holds where the operator sets nothing. */
export const defaultLimits: FrontLimits = {
  headerBytes: 32 * 1024,
  bodyBytes: 4 * 1024 * 1024,
  jsonDepth: 64,
  bodySeconds: 30,
  stallSeconds: 30,
  keepAliveSeconds: 15,
  callsPerPrincipal: 256,
  streamsPerPrincipal: 32,
  sessionsPerPrincipal: 64,
  sessions: 10_000,
  sessionIdleSeconds: 1800,
  subscriptionsPerSession: 256,
  batchMessages: 32,
  askRounds: 8,
  askSeconds: 300,
};
