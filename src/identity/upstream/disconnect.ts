import { faultMessage } from '../../model/fault-message.ts';
import { stringMember } from '../../model/json.ts';
import type { Fetch } from '../fetch-json.ts';
import { urlFault } from '../fetch-json.ts';
import { type Account, connectionName } from './account.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import { discoverIssuer } from './discovery.ts';
import type { BrokerOptions } from './options.ts';
import { revokeToken } from './token-request.ts';

/** What connections are ended with. */
export interface DisconnectOptions {
  readonly connections: Connections;
  readonly fetch: Fetch;
  readonly report: BrokerOptions['report'];
}

/**
 * Ends the connection of an account with a server: forgotten here first, then its authorization server is told that the
 * token is needed no more (RFC 7009), if it takes that. Answers whether there was one.
 */
export async function disconnect(
  options: DisconnectOptions,
  account: Account,
  server: string,
): Promise<boolean> {
  const { connections, report } = options;
  const name = connectionName(account, server);
  // One that cannot be read can be forgotten all the same.
  const connection = await connections.find(name).catch(() => undefined);
  if (!(await connections.remove(name))) return false;
  report('account disconnected', { server, user: account.subject });
  if (connection !== undefined) await revoke(options, server, connection);
  return true;
}

async function revoke(
  { fetch, report }: DisconnectOptions,
  id: string,
  connection: Connection,
): Promise<void> {
  const { issuer, client, refreshToken, accessToken } = connection;
  try {
    const server = await discoverIssuer(fetch, issuer);
    const endpoint = stringMember(server, 'revocation_endpoint');
    if (endpoint === undefined || urlFault(endpoint) !== undefined) return;
    await revokeToken(fetch, server, client, refreshToken ?? accessToken);
  } catch (fault) {
    report('token not revoked', { server: id, issuer, why: faultMessage(fault) });
  }
}
