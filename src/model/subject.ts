import type { Branded } from './brand.ts';
import type { JsonObject } from './json.ts';
import type { SpiffeId } from './spiffe-id.ts';

/** The person a call is made for, as the identity provider states it (OpenID Connect Core section 2: `iss` and `sub`). */
export interface User {
  readonly issuer: string;
  readonly subject: string;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly tenant?: string;
  /** Every claim of the verified token, for policies that need more than the named ones. */
  readonly claims: JsonObject;
}

/** The workload that makes the call. The id is its SPIFFE ID, or else its OAuth client id; never `clientInfo`. */
export interface Agent {
  readonly id: SpiffeId | string;
}

/** The device the call comes from. Unknown and stale posture count as unmanaged. */
export interface Device {
  readonly id?: string;
  readonly managed: boolean;
  /** When the posture was observed, in milliseconds since the epoch. */
  readonly observedAt?: number;
}

/**
 * Who acts: a user through an agent on a device (NIST SP 800-162 subject; RFC 8693 actor).
 * Everything the gateway keeps between calls hangs on `principal`.
 */
export interface Subject {
  readonly user: User;
  readonly agent: Agent;
  readonly device: Device;
  readonly scopes: readonly string[];
  /** When the credential ends, in milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly principal: PrincipalKey;
}

/** Names one (user, agent) pair. Two subjects with different keys never share a session, process, connection or cache. */
export type PrincipalKey = Branded<'PrincipalKey'>;

/** Makes the key of a user and agent. JSON keeps the parts apart whatever characters they hold. */
export function principalKey(user: Pick<User, 'issuer' | 'subject'>, agent: Agent): PrincipalKey {
  return JSON.stringify([user.issuer, user.subject, agent.id]) as PrincipalKey;
}
