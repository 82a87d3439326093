import { randomBytes } from 'node:crypto';
import type { Reply } from '../../../model/call.ts';
import { type Refusal, refuse } from '../../../model/refusal.ts';
import type { PrincipalKey } from '../../../model/subject.ts';
import type { RelayOrder } from '../../../pipeline/ports.ts';
import type { ServerContext } from '../settings.ts';

/** A call of a session that waits until its client has answered what the server asks. */
export interface SuspendedCall {
  readonly principal: PrincipalKey;
  /** Goes on with the retry of the call. */
  readonly resume: (order: RelayOrder, signal: AbortSignal) => Promise<Reply | Refusal>;
  /** Nobody came back in time. */
  readonly abandon: (detail: string) => void;
}

/** The calls of one server that wait for their clients. */
export interface SuspendedCalls {
  /** Keeps a call and returns the state under which it is found again; undefined when too many wait. */
  readonly keep: (call: SuspendedCall) => string | undefined;
  readonly resume: (order: RelayOrder, signal: AbortSignal) => Promise<Reply | Refusal> | undefined;
  /** The call ended by itself. */
  readonly forget: (state: string) => void;
  readonly close: () => void;
}

const prefix = 'bartizan-suspended-';

/** Keeps suspended calls, bounded in number and time. A state is used once and serves the principal of its call alone. */
export function suspendedCalls({ limits }: Pick<ServerContext, 'limits'>): SuspendedCalls {
  const waiting = new Map<string, { readonly call: SuspendedCall; readonly timer: NodeJS.Timeout }>();
  const take = (state: string): SuspendedCall | undefined => {
    const found = waiting.get(state);
    waiting.delete(state);
    clearTimeout(found?.timer);
    return found?.call;
  };
  const ownedBy = (principal: PrincipalKey): number =>
    [...waiting.values()].filter(({ call }) => call.principal === principal).length;
  return {
    keep: (call) => {
      if (waiting.size >= limits.suspendedCalls || ownedBy(call.principal) >= limits.suspendedPerPrincipal) {
        return undefined;
      }
      const state = prefix + randomBytes(24).toString('base64url');
      const timer = setTimeout(
        () => take(state)?.abandon('the client did not answer in time'),
        limits.suspendedMs,
      );
      timer.unref();
      waiting.set(state, { call, timer });
      return state;
    },
    resume: (order, signal) => {
      const state = order.requestState;
      if (state === undefined || !state.startsWith(prefix)) return undefined;
      const found = waiting.get(state)?.call;
      if (found === undefined || found.principal !== order.scope.principal) {
        return Promise.resolve(
          refuse('state_invalid', 'the suspended call has ended or is of another principal'),
        );
      }
      take(state);
      return found.resume(order, signal);
    },
    forget: (state) => void take(state),
    close: () => {
      for (const state of [...waiting.keys()]) take(state)?.abandon('the gateway ends');
    },
  };
}
