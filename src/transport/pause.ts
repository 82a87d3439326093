import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for `ms` milliseconds, or for ever without them; in either case no longer than until the signal is aborted. */
export async function pause(ms: number | undefined, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  if (ms === undefined) await once(signal, 'abort');
  // An aborted wait is over like any other; whoever waits looks at the signal.
  else await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
