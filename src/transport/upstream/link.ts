import type { Reply } from '../../model/call.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Refusal } from '../../model/refusal.ts';
import type { ListenOrder, RelayOrder, Scope, ServerDescription } from '../../pipeline/ports.ts';

/**
 * The way to one server for one principal: a connection pool, a session, or a process.
 *
 * INVARIANT: a link never serves two principals.
 */
export interface Link {
  /** Calls or streams run on it. */
  readonly busy: () => boolean;
  /** It can serve no more calls: the session ended or the process died. */
  readonly closed: () => boolean;
  readonly relay: (order: RelayOrder, signal: AbortSignal) => Promise<Reply | Refusal | WrongEra>;
  readonly listen: (order: ListenOrder, signal: AbortSignal) => Promise<void>;
  /** A request of the gateway's own; resolves with the `result`. */
  readonly ask: (
    method: string,
    params: JsonObject,
    scope: Scope,
    signal: AbortSignal,
  ) => Promise<JsonObject | Refusal | WrongEra>;
  readonly describe: (scope: Scope, signal: AbortSignal) => Promise<ServerDescription | Refusal | WrongEra>;
  /** Ends what runs and frees everything, within two seconds. */
  readonly close: () => Promise<void>;
}

/** The server turned the request down before running it, in a way that servers of the link's era do not. */
export class WrongEra {
  readonly detail: string;

  constructor(detail: string) {
    this.detail = detail;
  }
}
