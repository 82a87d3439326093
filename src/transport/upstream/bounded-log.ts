import type { Clock } from '../../pipeline/ports.ts';

/** Takes an event and its detail. */
export type Log = (event: string, detail: string) => void;

const longestDetail = 500;
/** So many at once, and then so many in a second. */
const burst = 200;
const perSecond = 5;

/**
 * A log that one server cannot flood: what it prints and sends ends in the audit log, whose queue and disk are
 * everybody's. What is left out is counted, and the count is told with the next event that has room.
 */
export function boundedLog(log: Log, clock: Pick<Clock, 'now'>): Log {
  let left = burst;
  let refilledAt = clock.now();
  let omitted = 0;
  return (event, detail) => {
    const now = clock.now();
    left = Math.min(burst, left + (Math.max(0, now - refilledAt) / 1000) * perSecond);
    refilledAt = now;
    if (left < 1) {
      omitted += 1;
      return;
    }
    left -= 1;
    if (omitted > 0) log('events left out', `${omitted} events of this server`);
    omitted = 0;
    log(event, detail.slice(0, longestDetail).toWellFormed());
  };
}
