import type { CallFault, Open } from './client.ts';

/** A stream that is opened again whenever it ends. */
export interface Watch {
  readonly stop: () => void;
}

/** What a watch tells. */
export interface Watcher<Message> {
  readonly message: (message: Message) => void;
  /** The stream ended. After a `final` fault it is not opened again (Workload Endpoint section 6). */
  readonly fault: (fault: CallFault) => void;
}

const firstWaitMs = 100;
const longestWaitMs = 5_000;
/** A stream that lived this long counts as good, and the next one is opened soon. */
const soundMs = 5_000;

/**
 * Keeps a stream open, with growing waits between the attempts. The waits have jitter, so that a host full of workloads
 * does not come back to its agent all at once.
 */
export function watch<Message>(open: Open<Message>, watcher: Watcher<Message>): Watch {
  let wait = firstWaitMs;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let cancel = (): void => undefined;
  const start = (): void => {
    const startedAt = performance.now();
    cancel = open(watcher.message, (fault) => {
      if (performance.now() - startedAt > soundMs) wait = firstWaitMs;
      watcher.fault(fault);
      if (fault.kind === 'final' || stopped) return;
      timer = setTimeout(start, wait * (0.75 + Math.random() / 2));
      wait = Math.min(wait * 2, longestWaitMs);
    });
  };
  start();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      cancel();
    },
  };
}
