import type { Clock } from '../../pipeline/ports.ts';
import type { SecretName, Vault } from '../vault/vault.ts';
import { type Connection, connectionSecret, readConnection, withTokens } from './connection.ts';
import { dpopKey } from './dpop-key.ts';
import { renewOnce, type Versioned } from './renew-once.ts';
import { type RequestToken, TokenRefused } from './token-request.ts';

/** What tokens are renewed with. */
export interface RefreshOptions {
  readonly vault: Vault;
  readonly clock: Pick<Clock, 'now'>;
  readonly request: RequestToken;
  /** Hears why a refresh was turned down. */
  readonly refused: (name: SecretName, code: string) => void;
}

/** Longer than the request of a token may take. */
const leaseMs = 20_000;

/**
 * A connection with another token than `used`. Undefined: the user must connect again. Whoever writes the lease first
 * asks the authorization server, on whatever replica; the others wait for what it brings. Rejects if the server cannot be
 * reached.
 */
export function refresh(
  options: RefreshOptions,
  name: SecretName,
  used: string,
): Promise<Connection | undefined> {
  const { vault, clock } = options;
  return renewOnce({
    clock,
    leaseMs,
    what: 'the token',
    load: () => load(vault, name),
    write: ({ value, version }) => vault.put(name, connectionSecret(value), version),
    settled: (connection) => {
      if (connection.accessToken !== used) return { answer: connection };
      return connection.refreshToken === undefined ? { answer: undefined } : undefined;
    },
    renew: (leased) => exchange(options, name, leased),
  });
}

/** Reads a connection with its version. */
export async function load(vault: Vault, name: SecretName): Promise<Versioned<Connection> | undefined> {
  const found = await vault.get(name);
  return found && { value: readConnection(found.secret), version: found.version };
}

async function exchange(
  options: RefreshOptions,
  name: SecretName,
  { value: connection, version }: Versioned<Connection>,
): Promise<Connection | undefined> {
  const { vault, clock, request } = options;
  try {
    const next = withTokens(connection, await request(refreshRequest(connection)), clock.now());
    // INVARIANT: a rotated token is kept before it is used; else it would be lost with this process.
    const kept = await vault.put(name, connectionSecret(next), version);
    // Somebody connected anew meanwhile: theirs counts.
    return kept === 'conflict' ? (await load(vault, name))?.value : next;
  } catch (fault) {
    await giveUp(options, name, { value: connection, version }, fault);
    return undefined;
  }
}

/** A refresh token that was turned down is not shown again; one that could not be shown stays. */
async function giveUp(
  { vault, refused }: RefreshOptions,
  name: SecretName,
  { value: connection, version }: Versioned<Connection>,
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
