import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError } from './config-error.ts';
import { here, type Loaded, loadSettings } from './load-settings.ts';
import type { Surroundings } from './resolve-settings.ts';

/** What to do with a configuration that changed. */
export interface WatchOrders {
  /** The configuration in use now. */
  readonly current: Loaded;
  /** Says what else is wrong with settings, such as a policy that does not parse; an empty list lets them in. */
  readonly check: (loaded: Loaded) => Promise<readonly string[]>;
  /** Takes a new configuration into use. When it rejects, the old one stays. */
  readonly onLoad: (loaded: Loaded, before: Loaded) => Promise<void>;
  /** Hears why the last good configuration stays in use. */
  readonly onError: (error: Error, kept: Loaded) => void;
  readonly signal: AbortSignal;
  readonly around?: Surroundings;
}

/** Editors write in several steps; a change counts when this long nothing followed, in milliseconds. */
const settleMs = 100;

/**
 * Reloads a configuration when the file, or a file it refers to, changes, and on SIGHUP. One reload runs at a time, and
 * the last good configuration stays in use until a better one is taken over. Ends with the signal.
 */
export function watchSettings(path: string, orders: WatchOrders): void {
  let current = orders.current;
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const places = watchPlaces(() => later());
  const reload = async (): Promise<void> => {
    if (orders.signal.aborted) return;
    current = await tryReload(path, current, orders);
    places.follow(current.paths);
  };
  const now = (): void => {
    running = running.then(reload);
  };
  const later = (): void => {
    clearTimeout(timer);
    timer = setTimeout(now, settleMs);
  };
  places.follow(current.paths);
  process.on('SIGHUP', now);
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

/** INVARIANT: never rejects, and gives what is in use afterwards: the new configuration, or else the one before. */
async function tryReload(path: string, current: Loaded, orders: WatchOrders): Promise<Loaded> {
  try {
    const loaded = await loadSettings(path, orders.around ?? here());
    if (loaded.hash === current.hash) return current;
    const problems = await orders.check(loaded);
    if (problems.length > 0) throw new Error(problems.join('\n'));
    await orders.onLoad(loaded, current);
    return loaded;
  } catch (error) {
    orders.onError(error instanceof Error ? error : new ConfigError([]), current);
    return current;
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
