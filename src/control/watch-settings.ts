import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { Loaded } from './load-settings.ts';

/** What to do with a configuration that changed. */
export interface WatchOrders {
  /** The configuration in use now. */
  readonly current: Loaded;
  /** Reads the configuration again. */
  readonly load: () => Promise<Loaded>;
  /** Says what else is wrong with settings, such as a policy that does not parse; an empty list lets them in. */
  readonly check: (loaded: Loaded) => Promise<readonly string[]>;
  /** Takes a new configuration into use. When it rejects, the old one stays. */
  readonly onLoad: (loaded: Loaded, before: Loaded) => Promise<void>;
  /** Hears why the last good configuration stays in use. */
  readonly onError: (error: Error, kept: Loaded) => void;
  /** Whether SIGHUP reloads too, as services do it. */
  readonly reloadOnHangup: boolean;
  readonly signal: AbortSignal;
}

/** Editors write in several steps; a change counts when this long nothing followed, in milliseconds. */
const settleMs = 100;

/**
 * Reloads a configuration when the file, or a file it refers to, changes, or on SIGHUP. One reload runs at a time, and
 * the last good configuration stays in use until a better one is taken over. Ends with the signal.
 */
export function watchSettings(orders: WatchOrders): void {
  let current = orders.current;
  let said = '';
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const places = watchPlaces(() => later());
  const reload = async (asked: boolean): Promise<void> => {
    if (orders.signal.aborted) return;
    const outcome = await tryReload(current, orders);
    // Other files of the directory change too; what was said of this one is not said again unless somebody asks.
    if (outcome instanceof Error && (asked || outcome.message !== said)) orders.onError(outcome, current);
    said = outcome instanceof Error ? outcome.message : '';
    if (!(outcome instanceof Error)) current = outcome;
    places.follow(current.paths);
  };
  const enqueue = (asked: boolean): void => {
    running = running.then(() => reload(asked));
  };
  const now = (): void => enqueue(true);
  const later = (): void => {
    clearTimeout(timer);
    timer = setTimeout(enqueue, settleMs, false);
  };
  places.follow(current.paths);
  if (orders.reloadOnHangup) process.on('SIGHUP', now);
  orders.signal.addEventListener(
    'abort',
    () => {
      process.off('SIGHUP', now);
      clearTimeout(timer);
      places.close();
    },
    { once: true },
  );
}

/** INVARIANT: never rejects, and gives what is in use afterwards or why nothing changed. */
async function tryReload(current: Loaded, { load, check, onLoad }: WatchOrders): Promise<Loaded | Error> {
  try {
    const loaded = await load();
    if (loaded.hash === current.hash) return current;
    const problems = await check(loaded);
    if (problems.length > 0) return new Error(problems.join('\n'));
    await onLoad(loaded, current);
    return loaded;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

interface Places {
  /** Watches the directories of these files, and no others. */
  readonly follow: (paths: readonly string[]) => void;
  readonly close: () => void;
}

/** Directories, not files: editors and Kubernetes put a new file in the place of the old. */
function watchPlaces(onChange: () => void): Places {
  const watchers = new Map<string, FSWatcher>();
  const drop = (directory: string): void => {
    watchers.get(directory)?.close();
    watchers.delete(directory);
  };
  const add = (directory: string): void => {
    const watcher = tryWatch(directory, onChange)?.on('error', () => drop(directory));
    if (watcher !== undefined) watchers.set(directory, watcher);
  };
  return {
    follow: (paths) => {
      const wanted = new Set(paths.map((path) => dirname(path)));
      for (const directory of [...watchers.keys()]) if (!wanted.has(directory)) drop(directory);
      for (const directory of wanted) if (!watchers.has(directory)) add(directory);
    },
    close: () => {
      for (const directory of [...watchers.keys()]) drop(directory);
    },
  };
}

/** A directory that cannot be watched, because it is gone or the system has no watch left, is reloaded on SIGHUP alone. */
function tryWatch(directory: string, onChange: () => void): FSWatcher | undefined {
  try {
    return watch(directory, { persistent: false }, onChange);
  } catch {
    return undefined;
  }
}
