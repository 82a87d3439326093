import { isJsonObject, type JsonObject } from '../../model/json.ts';
import type { OAuthClient, Tokens } from './token-request.ts';

/** What is kept of an account that was connected. All of it is secret. */
export interface Connection {
  /** The authorization server; nothing of this connection ever goes to another one. */
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly resource: string;
  readonly client: OAuthClient;
  /** The scopes that were asked for. */
  readonly asked: readonly string[];
  readonly accessToken: string;
  readonly tokenType: string;
  readonly refreshToken?: string;
  /** Milliseconds since the epoch; undefined: the server does not say. */
  readonly expiresAt?: number;
  /** The private key that the tokens are bound to. */
  readonly dpop?: JsonObject;
  /** Milliseconds since the epoch. */
  readonly connectedAt: number;
  /** How often in a row the same was asked for once more. */
  readonly again: number;
  /** Until then one replica is renewing the token, in milliseconds since the epoch. */
  readonly leasedUntil?: number;
}

/** The connection with new tokens. A refresh token that was not replaced stays (RFC 6749 section 6). */
export function withTokens(connection: Connection, tokens: Tokens, now: number): Connection {
  const { leasedUntil: _lease, expiresAt: _expiry, ...kept } = connection;
  const refreshToken = tokens.refreshToken ?? connection.refreshToken;
  return {
    ...kept,
    accessToken: tokens.accessToken,
    tokenType: tokens.type,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(tokens.expiresIn !== undefined && { expiresAt: now + tokens.expiresIn * 1000 }),
  };
}

/** As the vault keeps it. */
export function connectionSecret(connection: Connection): JsonObject {
  return { ...connection, client: { ...connection.client } } as unknown as JsonObject;
}

/** Reads it back; what the vault opens was written by {@link connectionSecret}. */
export function readConnection(secret: JsonObject): Connection {
  if (typeof secret['accessToken'] !== 'string' || !isJsonObject(secret['client'])) {
    throw new Error('a stored connection lacks a member');
  }
  return secret as unknown as Connection;
}
