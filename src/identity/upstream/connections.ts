import { createLru } from '../lru.ts';
import type { SecretName, Vault } from '../vault/vault.ts';
import { type Connection, connectionSecret } from './connection.ts';
import { load, type RefreshOptions, refresh } from './refresh.ts';

/** The accounts that were connected. */
export interface Connections {
  /** What was read of late, without waiting; undefined if that must be looked up. */
  readonly recent: (name: SecretName) => Connection | undefined;
  readonly find: (name: SecretName) => Promise<Connection | undefined>;
  readonly store: (name: SecretName, connection: Connection) => Promise<void>;
  /** Answers whether there was one. */
  readonly remove: (name: SecretName) => Promise<boolean>;
  /** A connection with another token than `used`, as `refresh` finds it. Calls of one process share one renewal. */
  readonly refresh: (name: SecretName, used: string) => Promise<Connection | undefined>;
}

const keptConnections = 10_000;
/** How long what another replica changed may go unseen. */
const recentMs = 5_000;
const attempts = 20;

/** Keeps connections in the vault, and those read of late in memory for a moment. */
export function createConnections(options: RefreshOptions): Connections {
  const { vault, clock } = options;
  const read = createLru<{ readonly connection: Connection; readonly at: number }>(keptConnections);
  const refreshing = new Map<string, Promise<Connection | undefined>>();
  const noted = (key: string, connection: Connection | undefined): Connection | undefined => {
    if (connection === undefined) read.delete(key);
    else read.set(key, { connection, at: clock.now() });
    return connection;
  };

  return {
    recent: (name) => {
      const found = read.get(keyOf(name));
      return found !== undefined && clock.now() - found.at < recentMs ? found.connection : undefined;
    },
    find: async (name) => {
      const key = keyOf(name);
      const found = await load(vault, name);
      return noted(key, found && sameAs(read.get(key)?.connection, found.value));
    },
    store: async (name, connection) => {
      await write(vault, name, connection);
      noted(keyOf(name), connection);
    },
    remove: async (name) => {
      read.delete(keyOf(name));
      const removed = await vault.remove(name);
      // A call may have read it meanwhile.
      read.delete(keyOf(name));
      return removed;
    },
    refresh: (name, used) => {
      const key = keyOf(name);
      const running = refreshing.get(key);
      if (running !== undefined) return running;
      const started = refresh(options, name, used)
        .then((connection) => noted(key, connection))
        .finally(() => refreshing.delete(key));
      refreshing.set(key, started);
      return started;
    },
  };
}

/** Writes over what is there; who connects again wants what could not be read to be gone. */
async function write(vault: Vault, name: SecretName, connection: Connection): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const version = await vault.get(name).then(
      (found) => found?.version,
      () => vault.remove(name).then(() => undefined),
    );
    if ((await vault.put(name, connectionSecret(connection), version ?? 'absent')) !== 'conflict') return;
  }
  throw new Error('the connection could not be kept: it changes all the time');
}

/** One object for one token, so that what was built for it serves on. */
function sameAs(before: Connection | undefined, now: Connection): Connection {
  return before?.accessToken === now.accessToken && before.connectedAt === now.connectedAt ? before : now;
}

function keyOf({ tenant, user, upstream }: SecretName): string {
  return JSON.stringify([tenant, user, upstream]);
}
