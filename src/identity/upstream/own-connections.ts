import { type Account, connectionName } from './account.ts';
import type { OAuthServer } from './authorization-flow.ts';
import type { ConnectOrder } from './connect-links.ts';
import type { Connections } from './connections.ts';
import type { ShownConnection } from './connections-page.ts';
import type { BrowserUser } from './options.ts';

/** What the user of a browser has connected, and the servers that are left. */
export interface OwnConnections {
  readonly connected: readonly ShownConnection[];
  readonly open: readonly string[];
}

/** The account of whoever is logged in in a browser; that of the same user's MCP clients. */
export function accountOfBrowser({ tenant = '', issuer, subject }: BrowserUser): Account {
  return { tenant, issuer, subject };
}

/** What the user of a browser asks for without being sent by a call: what the server's metadata names. */
export function ownOrder(user: BrowserUser, server: string): ConnectOrder {
  return { server, account: accountOfBrowser(user), scopes: [], metadataUrl: undefined, again: 0 };
}

/** Looks all servers up for a user. */
export async function ownConnections(
  options: {
    readonly servers: ReadonlyMap<string, OAuthServer>;
    readonly connections: Pick<Connections, 'find'>;
  },
  user: BrowserUser,
): Promise<OwnConnections> {
  const account = accountOfBrowser(user);
  const found = await Promise.all(
    [...options.servers.values()].map((server) => look(options.connections, account, server)),
  );
  return {
    connected: found.filter((one) => typeof one !== 'string'),
    open: found.filter((one) => typeof one === 'string'),
  };
}

/** The id alone where nothing is connected. */
async function look(
  connections: Pick<Connections, 'find'>,
  account: Account,
  { id, url }: OAuthServer,
): Promise<ShownConnection | string> {
  const unreadable: ShownConnection = { server: id, url, issuer: undefined, at: undefined };
  try {
    const found = await connections.find(connectionName(account, id));
    return found === undefined ? id : { ...unreadable, issuer: found.issuer, at: found.connectedAt };
  } catch {
    // What was altered in the store can only be replaced or forgotten, and the page offers both.
    return unreadable;
  }
}
