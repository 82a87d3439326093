import type { ClosedResult } from '../protocol.ts';
import type { Session } from './session.ts';

/** Bounds a run whatever the clock does. */
const mostCalls = 5_000_000;

/** Closed loop: every connection makes its next call as soon as it has the last reply, for `ms`, then all finish. */
export const runClosed = (session: Session, ms: number): Promise<ClosedResult> =>
  new Promise((resolve) => {
    const started = performance.now();
    let left = mostCalls;
    let busy = session.connections.length;
    const finish = (): void => {
      busy--;
      if (busy === 0) resolve({ ...session.tally(), elapsedMs: performance.now() - started });
    };
    for (const connection of session.connections) {
      const next = (right: boolean): void => {
        // A connection that got a wrong reply stops: the run has failed, and errors must not be counted by the million.
        if (right && left-- > 0 && performance.now() - started < ms) session.call(connection, next);
        else finish();
      };
      next(true);
    }
  });
