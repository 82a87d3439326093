import type { Clock } from '../../pipeline/ports.ts';
import type { EpochBump, EpochKey } from '../../pipeline/store-ports.ts';
import { ends, epochName } from './epoch-view.ts';

/** Who waits for a bump. */
export interface Watches {
  readonly signal: (keys: readonly EpochKey[], issuedAt: number, expiresAt: number) => AbortSignal;
  /** Aborts the signals that a bump ends. */
  readonly tell: (bump: EpochBump) => void;
  /** Aborts all of them. */
  readonly close: () => void;
}

interface Watch {
  readonly id: string;
  readonly keys: readonly EpochKey[];
  readonly issuedAt: number;
  readonly controller: AbortController;
  timer?: NodeJS.Timeout;
}

const longestTimerMs = 2 ** 31 - 1;

/**
 * One signal for each set of keys; at most `most`. Beyond that the one that was asked for least recently is aborted: what
 * can no longer be watched must not go on. Each is aborted and forgotten when what it watches expires.
 */
export function createWatches({ now }: Pick<Clock, 'now'>, most: number): Watches {
  const watches = new Map<string, Watch>();
  const byKey = new Map<string, Set<Watch>>();
  const idOf = rememberedIds();

  const end = (watch: Watch): void => {
    clearTimeout(watch.timer);
    watches.delete(watch.id);
    for (const key of watch.keys) unlink(byKey, epochName(key), watch);
    watch.controller.abort();
  };
  const arm = (watch: Watch, expiresAt: number): void => {
    const left = Math.max(0, expiresAt - now());
    const due = left > longestTimerMs ? (): void => arm(watch, expiresAt) : (): void => end(watch);
    watch.timer = setTimeout(due, Math.min(left, longestTimerMs));
    watch.timer.unref();
  };
  const begin = (watch: Watch, expiresAt: number): Watch => {
    for (const key of watch.keys) link(byKey, epochName(key), watch);
    arm(watch, expiresAt);
    return watch;
  };

  return {
    signal: (keys, issuedAt, expiresAt) => {
      const id = `${issuedAt} ${expiresAt} ${idOf(keys)}`;
      const known = watches.get(id);
      const watch = known ?? begin({ id, keys, issuedAt, controller: new AbortController() }, expiresAt);
      watches.delete(id);
      watches.set(id, watch);
      if (watches.size > most) for (const oldest of first(watches)) end(oldest);
      return watch.controller.signal;
    },
    tell: (bump) => {
      for (const watch of [...(byKey.get(epochName(bump.key)) ?? [])]) {
        if (ends(bump, watch.issuedAt)) end(watch);
      }
    },
    close: () => {
      for (const watch of [...watches.values()]) end(watch);
    },
  };
}

/** One text for a list of keys. JSON keeps the names apart whatever characters they hold. */
function rememberedIds(): (keys: readonly EpochKey[]) => string {
  const known = new WeakMap<readonly EpochKey[], string>();
  return (keys) => {
    const before = known.get(keys);
    if (before !== undefined) return before;
    const made = JSON.stringify(keys.map(epochName));
    known.set(keys, made);
    return made;
  };
}

function link(index: Map<string, Set<Watch>>, name: string, watch: Watch): void {
  const there = index.get(name);
  if (there === undefined) index.set(name, new Set([watch]));
  else there.add(watch);
}

function unlink(index: Map<string, Set<Watch>>, name: string, watch: Watch): void {
  const there = index.get(name);
  there?.delete(watch);
  if (there?.size === 0) index.delete(name);
}

function first(watches: ReadonlyMap<string, Watch>): readonly Watch[] {
  for (const watch of watches.values()) return [watch];
  return [];
}
