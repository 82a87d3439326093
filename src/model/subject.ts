import type { Branded } from './brand.ts';
import type { JsonObject } from './json.ts';
import type { SpiffeId } from './spiffe-id.ts';
import type { Task } from './task.ts';

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
  /** The agents it acts for, the nearest first (RFC 8693 section 4.1: nested `act`); for the record, never for access. */
  readonly actsFor?: readonly string[];
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
  /** The task that its token was granted for, or an implicit one; undefined where tasks are not asked for. */
  readonly task?: Task;
  /** The key that its token is bound to was proven by the sender (RFC 9449, RFC 8705). */
  readonly proof?: 'dpop' | 'certificate';
  /** When the token was issued, in milliseconds since the epoch; 0 if it does not say. Older than an epoch: revoked. */
  readonly issuedAt: number;
  /** The id of the token (`jti`), for its own epoch. */
  readonly tokenId?: string;
  /** When the credential ends, in milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly principal: PrincipalKey;
}

/** Names one (user, agent, task). Two subjects with different keys never share a session, process, connection or cache. */
export type PrincipalKey = Branded<'PrincipalKey'>;

/**
 * Makes the key of a user, an agent and a task. JSON keeps the parts apart whatever characters they hold. An implicit task
 * shares the key of its user and agent, so that a session outlives the renewal of its token.
 */
export function principalKey(
  user: Pick<User, 'issuer' | 'subject'>,
  agent: Agent,
  task?: Pick<Task, 'id' | 'implicit'>,
): PrincipalKey {
  const parts = [user.issuer, user.subject, agent.id];
  if (task !== undefined && task.implicit !== true) parts.push(task.id);
  return JSON.stringify(parts) as PrincipalKey;
}
