import { createClient, createCluster } from '@redis/client';
import type { Carrier } from './connection.ts';
import type { ServerAddress } from './server-address.ts';

/** A client of one server. It begins to connect at once, and again whenever the connection breaks. */
export function singleServer(address: ServerAddress): Carrier {
  const client = createClient(clientOptions(address));
  let why: unknown = new Error('not connected yet');
  client.on('error', (error) => {
    why = error;
  });
  client.connect().catch(ignore);
  return {
    send: (_key, command) => (client.isReady ? client.sendCommand([...command]) : Promise.reject(why)),
    destroy: () => destroy(client),
  };
}

/**
 * A client of all nodes of a cluster.
 *
 * @param known nodes that were found before, as `host:port`; they are asked too, because the one of the address may have
 * died. What is found is written there.
 */
export function clusterOf(address: ServerAddress, known: Set<string>): Carrier {
  const { socket, ...defaults } = clientOptions(address);
  const { host: _host, port: _port, ...socketOfAll } = socket;
  const others = [...known].map((node) => {
    const end = node.lastIndexOf(':');
    return { socket: { ...socketOfAll, host: node.slice(0, end), port: Number(node.slice(end + 1)) } };
  });
  const cluster = createCluster({
    rootNodes: [{ socket }, ...others],
    defaults: { ...defaults, socket: socketOfAll },
    // A node that died is not waited for: the others are asked who has taken its place, once a second.
    minimizeConnections: true,
    topologyRefreshOnReconnectionAttemptStrategy: 1_000,
  });
  let why: unknown = new Error('not connected yet');
  const note = (error: unknown): void => {
    why = error;
  };
  cluster.on('error', note);
  cluster.on('node-error', note);
  const remember = (): void => {
    const found = [...cluster.masters, ...cluster.replicas].map(({ address: node }) => node);
    if (found.length > 0) known.clear();
    for (const node of found) known.add(node);
  };
  cluster.connect().then(remember, note);
  return {
    send: (key, command) =>
      cluster.isReady ? cluster.sendCommand(key, false, [...command]) : Promise.reject(why),
    destroy: () => {
      remember();
      destroy(cluster);
    },
  };
}

function destroy(client: { readonly isOpen: boolean; readonly destroy: () => unknown }): void {
  if (client.isOpen) client.destroy();
}

/** A connection that is subscribed to a channel; others may not be asked anything in the older protocol. */
export function subscriberTo(address: ServerAddress, channel: string, nudge: () => void): Carrier {
  const client = createClient(clientOptions(address));
  let why: unknown = new Error('not connected yet');
  let subscribed = false;
  client.on('error', (error) => {
    why = error;
    subscribed = false;
  });
  client.on('ready', () => {
    client.subscribe(channel, nudge).then(
      () => {
        subscribed = true;
        // What was said while nobody listened may have been missed.
        nudge();
      },
      (error: unknown) => {
        why = error;
      },
    );
  });
  client.connect().catch(ignore);
  return {
    send: (_key, command) =>
      subscribed && client.isReady ? client.sendCommand([...command]) : Promise.reject(why),
    destroy: () => destroy(client),
  };
}

/** The URL is not among the settings, so that no error of the library can repeat it. */
function clientOptions(address: ServerAddress) {
  const { host, port, tls, username, password, database } = address;
  return {
    socket: {
      host,
      port,
      connectTimeout: 2_000,
      keepAliveInitialDelay: 5_000,
      reconnectStrategy: (attempts: number) => Math.min(50 * 2 ** attempts, 1_000),
      ...(tls && { tls: true as const, ...(isName(host) && { servername: host }) }),
    },
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(database !== undefined && { database }),
    // Who cannot be asked now is not asked later either: by then the caller has refused.
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled' as const,
    // The limit of the connection counts; the library's own ends when a command is on its way.
    commandOptions: { timeout: 0 },
  };
}

/** An address is not a name that a certificate could be asked for (RFC 6066 section 3). */
function isName(host: string): boolean {
  return !host.includes(':') && !/^[\d.]+$/.test(host);
}

/** For failures that the next command shows too. */
function ignore(): void {
  // Nothing to be done.
}
