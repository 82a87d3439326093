import type { OpenResult } from '../protocol.ts';
import { quantile } from '../stats.ts';
import type { Connection } from './connection.ts';
import type { Session } from './session.ts';

/**
 * Open loop: call k is due at k / rate whether or not earlier replies came, and its latency counts from then. A proxy
 * that stalls thus pays for every call that had to wait (no coordinated omission).
 */
export const runOpen = (session: Session, perSecond: number, ms: number): Promise<OpenResult> =>
  new Promise((resolve) => {
    const total = Math.round((perSecond * ms) / 1000);
    const gapMs = 1000 / perSecond;
    const idle: Connection[] = [...session.connections];
    const latencies: number[] = [];
    const lateness: number[] = [];
    let sent = 0;
    let finished = 0;
    const started = performance.now() + 5;

    const finish = (): void => {
      resolve({
        ...session.tally(),
        p50_us: quantile(latencies, 0.5) * 1000,
        p99_us: quantile(latencies, 0.99) * 1000,
        late_us: quantile(lateness, 0.5) * 1000,
      });
    };
    const send = (connection: Connection, due: number): void => {
      lateness.push(performance.now() - due);
      session.call(connection, (right) => {
        latencies.push(performance.now() - due);
        finished++;
        if (right) idle.push(connection);
        if (finished === sent && (sent === total || idle.length === 0)) finish();
        else sendDue();
      });
    };
    const sendDue = (): void => {
      while (sent < total && idle.length > 0) {
        const due = started + sent * gapMs;
        if (performance.now() < due) return;
        sent++;
        send(idle.pop()!, due);
      }
    };
    // Timers tick in milliseconds, which is the gap itself: spin, and let the event loop turn between looks.
    const spin = (): void => {
      sendDue();
      if (sent < total && (idle.length > 0 || finished < sent)) setImmediate(spin);
    };
    spin();
  });
