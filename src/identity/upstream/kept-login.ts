import { type JsonObject, stringMember } from '../../model/json.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { LoginAssertions } from './options.ts';

/** What the login provider gave out for one user, as it is kept. Times are in milliseconds since the epoch. */
export interface KeptLogin {
  readonly idToken?: string;
  /** The end of the ID token. */
  readonly expiresAt?: number;
  readonly accessToken?: string;
  readonly accessTokenExpiresAt?: number;
  readonly refreshToken?: string;
  /** The subject of the ID token at the provider: a renewal must be of the same user (OpenID Connect Core section 12.2). */
  readonly subject?: string;
  /** Somebody renews it until then. */
  readonly leasedUntil?: number;
}

/** A kind of token, as `subject_token_type` says it (RFC 8693 section 3). */
export type SubjectTokenType = Parameters<LoginAssertions['subjectToken']>[1][number];

/** A token of a login, with its end. */
export interface KeptToken {
  readonly type: SubjectTokenType;
  readonly token: string;
  readonly expiresAt: number;
}

const longestMs = 30 * 86_400_000;
/** What ends this soon may have ended before it is looked at. */
const marginMs = 5_000;

/** The token of the first of these kinds that the login has, be it good or not. */
export function tokenOf(login: KeptLogin, types: readonly SubjectTokenType[]): KeptToken | undefined {
  const { idToken, accessToken, refreshToken, expiresAt = 0, accessTokenExpiresAt = 0 } = login;
  const kept = {
    access_token: { token: accessToken, expiresAt: accessTokenExpiresAt },
    id_token: { token: idToken, expiresAt },
    refresh_token: { token: refreshToken, expiresAt: Number.POSITIVE_INFINITY },
  };
  for (const type of types) {
    const { token, expiresAt: end } = kept[type];
    if (token !== undefined) return { type, token, expiresAt: end };
  }
  return undefined;
}

/** Whether a token can still be shown. */
export function isGood(token: Pick<KeptToken, 'expiresAt'>, clock: Pick<Clock, 'now'>): boolean {
  return token.expiresAt > clock.now() + marginMs;
}

/** How long a login is worth keeping. */
export function keptUntil(login: KeptLogin, clock: Pick<Clock, 'now'>): number {
  if (login.refreshToken !== undefined) return clock.now() + longestMs;
  return Math.max(login.expiresAt ?? 0, login.accessTokenExpiresAt ?? 0);
}

/** The login as the vault keeps it. */
export function loginSecret(login: KeptLogin): JsonObject {
  return { ...login };
}

/** Reads it back. */
export function readLogin(secret: JsonObject): KeptLogin {
  const texts = ['idToken', 'accessToken', 'refreshToken', 'subject'].map((name) => [
    name,
    stringMember(secret, name),
  ]);
  const times = ['expiresAt', 'accessTokenExpiresAt', 'leasedUntil'].map((name) => [name, secret[name]]);
  const known = [...texts, ...times].filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as KeptLogin;
}
