import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../pipeline/ports.ts';
import type { SecretName, Vault } from '../vault/vault.ts';
import { type Connection, connectionSecret, readConnection, withTokens } from './connection.ts';
import { dpopKey } from './dpop-key.ts';
import { type RequestToken, TokenRefused } from './token-request.ts';

/** What tokens are renewed with. */
export interface RefreshOptions {
  readonly vault: Vault;
  readonly clock: Pick<Clock, 'now'>;
  readonly request: RequestToken;
  /** Hears why a refresh was turned down. */
  readonly refused: (name: SecretName, code: string) => void;
}

/** A connection as it was read. */
interface Read {
  readonly connection: Connection;
  readonly version: number;
}

/** Longer than the request of a token may take. */
const leaseMs = 20_000;
const patienceMs = 30_000;
const pollMs = 50;

/**
 * A connection with another token than `used`. Undefined: the user must connect again. Whoever writes the lease first
 * asks the authorization server, on whatever replica; the others wait for what it brings. Rejects if the server cannot be
 * reached.
 */
export async function refresh(
  options: RefreshOptions,
  name: SecretName,
  used: string,
): Promise<Connection | undefined> {
  for (let waited = 0; waited < patienceMs; waited += pollMs) {
    const found = await load(options.vault, name);
    if (found === undefined) return undefined;
    if (found.connection.accessToken !== used) return found.connection;
    if (found.connection.refreshToken === undefined) return undefined;
    const leased = await takeLease(options, name, found);
    if (leased !== undefined) return exchange(options, name, leased);
    await pause(pollMs);
  }
  throw new Error('another replica renews the token and does not come to an end');
}

/** Reads a connection with its version. */
export async function load(vault: Vault, name: SecretName): Promise<Read | undefined> {
  const found = await vault.get(name);
  return found && { connection: readConnection(found.secret), version: found.version };
}

async function takeLease(
  { vault, clock }: RefreshOptions,
  name: SecretName,
  { connection, version }: Read,
): Promise<Read | undefined> {
  if ((connection.leasedUntil ?? 0) > clock.now()) return undefined;
  const leased = { ...connection, leasedUntil: clock.now() + leaseMs };
  const taken = await vault.put(name, connectionSecret(leased), version);
  return taken === 'conflict' ? undefined : { connection: leased, version: taken };
}

async function exchange(
  options: RefreshOptions,
  name: SecretName,
  { connection, version }: Read,
): Promise<Connection | undefined> {
  const { vault, clock, request } = options;
  try {
    const next = withTokens(connection, await request(refreshRequest(connection)), clock.now());
    // INVARIANT: a rotated token is kept before it is used; else it would be lost with this process.
    const kept = await vault.put(name, connectionSecret(next), version);
    // Somebody connected anew meanwhile: theirs counts.
    return kept === 'conflict' ? (await load(vault, name))?.connection : next;
  } catch (fault) {
    await giveUp(options, name, { connection, version }, fault);
    return undefined;
  }
}

/** A refresh token that was turned down is not shown again; one that could not be shown stays. */
async function giveUp(
  { vault, refused }: RefreshOptions,
  name: SecretName,
  { connection, version }: Read,
  fault: unknown,
): Promise<void> {
  const { leasedUntil: _lease, ...rest } = connection;
  if (!(fault instanceof TokenRefused)) {
    await vault.put(name, connectionSecret(rest), version);
    throw fault;
  }
  const { refreshToken: _spent, ...without } = rest;
  await vault.put(name, connectionSecret(without), version);
  refused(name, fault.code);
}

function refreshRequest(connection: Connection): Parameters<RequestToken>[0] {
  const { issuer, tokenEndpoint, client, resource, refreshToken = '', dpop } = connection;
  return {
    server: { issuer, token_endpoint: tokenEndpoint },
    client,
    grant: 'refresh_token',
    parameters: { refresh_token: refreshToken, resource },
    ...(dpop !== undefined && { dpop: dpopKey(dpop) }),
  };
}
