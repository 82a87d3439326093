/** How far an event stream was read. */
export interface Cursor {
  /** Of the last event that had an id. */
  eventId?: string;
  retryMs?: number;
  /** Some message came. */
  received?: boolean;
  /** The awaited response came. */
  done?: boolean;
  /** Ends the exchange once the awaited response came. */
  answered?: () => void;
}

const defaultRetryMs = 1_000;
const longestRetryMs = 30_000;

/** How long to wait before a stream is asked for again: what the server said, and longer after failures. */
export function resumeDelay({ retryMs }: Cursor, failures: number): number {
  return Math.min((retryMs ?? defaultRetryMs) * 2 ** Math.min(failures, 10), longestRetryMs);
}
