import type { ServerContext } from './settings.ts';

/** Keeps a server that dies at once from being started over and over. */
export interface Backoff {
  /** A link ended by itself. */
  readonly ended: (key: string, openedAt: number) => void;
  /** Milliseconds until another link may be opened. */
  readonly wait: (key: string) => number;
}

/** A link that lived so long did not fail at its start. */
const provenMs = 5_000;
const firstWaitMs = 500;
const longestWaitMs = 30_000;

/** After one early end the next try comes at once; after that the waits double. */
export function backoff({ clock, limits }: Pick<ServerContext, 'clock' | 'limits'>): Backoff {
  const failures = new Map<string, { readonly count: number; readonly until: number }>();
  return {
    ended: (key, openedAt) => {
      const count = (failures.get(key)?.count ?? 0) + 1;
      failures.delete(key);
      if (clock.now() - openedAt >= provenMs) return;
      const wait = count === 1 ? 0 : Math.min(firstWaitMs * 2 ** (count - 2), longestWaitMs);
      failures.set(key, { count, until: clock.now() + wait });
      const [oldest] = failures.keys();
      if (failures.size > limits.linksPerServer && oldest !== undefined) failures.delete(oldest);
    },
    wait: (key) => Math.max(0, (failures.get(key)?.until ?? 0) - clock.now()),
  };
}
