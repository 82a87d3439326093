import { createHash } from 'node:crypto';

/** One transition, which the server runs as one step (`EVAL`). */
export interface Script {
  readonly text: string;
  /** What `EVALSHA` calls it by. */
  readonly digest: string;
}

export function script(...parts: readonly string[]): Script {
  const text = parts.join('\n');
  return { text, digest: createHash('sha1').update(text).digest('hex') };
}

/**
 * How long the server keeps what is over, in milliseconds. Replicas bring the time, and the server only counts down from
 * it; so clocks of replicas may differ by as much without anything being forgotten too early.
 */
export const keepMs = 3_600_000;

/** For `PEXPIRE`: how long until `time` is certainly over for every replica. */
export function lifetimeMs(time: number, now: number): string {
  return String(Math.ceil(Math.max(0, time - now)) + keepMs);
}

/** @throws RangeError for a time that never comes */
export function moment(time: number): string {
  if (!Number.isFinite(time)) throw new RangeError(`\`${time}\` is no time`);
  return String(time);
}
