import type { Reply } from '../../model/call.ts';
import type { JsonObject } from '../../model/json.ts';
import { Refusal } from '../../model/refusal.ts';
import type { ListenOrder, RelayOrder, Scope, ServerDescription } from '../../pipeline/ports.ts';

/**
 * The way to one server for one principal: a connection pool, a session, or a process.
 *
 * INVARIANT: a link never serves two principals.
 */
export interface Link {
  /** Calls or streams run on it, or calls wait for their clients. */
  readonly busy: () => boolean;
  /** It can serve no more calls: the session ended or the process died. */
  readonly closed: () => boolean;
  /** It ended, or never began, because the user has to connect an account: that is no failure of the server. */
  readonly blameless?: () => boolean;
  readonly relay: (order: RelayOrder, signal: AbortSignal) => Promise<Reply | Failure>;
  readonly listen: (order: ListenOrder, signal: AbortSignal) => Promise<Failure | undefined>;
  /** A request of the gateway's own; resolves with the `result`. */
  readonly ask: Ask;
  readonly describe: (scope: Scope, signal: AbortSignal) => Promise<ServerDescription | Failure>;
  /** Ends what runs and frees everything, within two seconds. */
  readonly close: () => Promise<void>;
}

/** Sends a request of the gateway's own. */
export type Ask = (
  method: string,
  params: JsonObject,
  scope: Scope,
  signal: AbortSignal,
) => Promise<JsonObject | Failure>;

/** Why a link gave no answer. */
export type Failure = Refusal | NotServed;

/** Tells why there is no answer from an answer. */
export function isFailure(outcome: object | undefined): outcome is Failure {
  return outcome instanceof Refusal || outcome instanceof NotServed;
}

/** The server turned the request down before running it, so that it may be sent once more by another way. */
export class NotServed {
  /** `era`: servers of the link's era do not answer so. `session`: the server no longer knows the session. */
  readonly cause: 'era' | 'session';
  readonly detail: string;

  constructor(cause: NotServed['cause'], detail: string) {
    this.cause = cause;
    this.detail = detail;
  }
}
