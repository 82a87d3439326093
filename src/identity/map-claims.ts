import { type JsonObject, type JsonValue, stringsIn } from '../model/json.ts';
import { parseSpiffeId } from '../model/spiffe-id.ts';
import { type Agent, type Device, principalKey, type Subject, type User } from '../model/subject.ts';
import { claimAt, isElsewhere, textsAt } from './claim-at.ts';
import { TokenFailure } from './failure.ts';
import type { ClaimMapping, DeviceMapping, Issuer } from './issuer.ts';
import { originalUser } from './original-user.ts';
import type { Confirmation } from './proof/confirmation.ts';
import { type TaskClaims, taskOf } from './task-claims.ts';

/** What the claims of a verified token say, with what changes while it is in use. */
export interface MappedSubject {
  readonly subject: Subject;
  /** The same subject once the posture of its device is too old. */
  readonly unmanaged: Subject;
  /** Until when the posture counts, in milliseconds since the epoch. */
  readonly managedUntil: number;
}

const agentClaims = ['/act/sub', 'client_id', 'azp'];
const subjectClaims = ['sub'];
const postureSeconds = 3600;

/** Reads a subject out of verified claims. `iss`, `exp`, `iat` and the confirmation are checked already. */
export function mapClaims(
  claims: JsonObject,
  issuer: Issuer,
  confirmation: Confirmation,
): MappedSubject | TokenFailure {
  const mapping = issuer.claims ?? {};
  const named = agentOf(claims, mapping.agent ?? agentClaims);
  if (named instanceof TokenFailure) return named;
  const user = userOf(claims, mapping, issuer.tasks === true);
  if (user instanceof TokenFailure) return user;
  const own = ownOf(claims, issuer);
  if (own instanceof TokenFailure) return own;
  const { device, managedUntil } = deviceOf(claims, mapping.device);
  const agent: Agent = { ...named, ...(own.actsFor && { actsFor: own.actsFor }) };
  const subject: Subject = {
    user,
    agent,
    device,
    scopes: scopesOf(claims),
    ...(own.task && { task: own.task }),
    ...proofOf(confirmation),
    issuedAt: own.issuedAt,
    ...tokenIdOf(claims),
    expiresAt: Number(claims['exp']) * 1000,
    principal: principalKey(user, agent, own.task),
  };
  return { subject, unmanaged: { ...subject, device: { ...device, managed: false } }, managedUntil };
}

/** The proof is owed until it is shown; nobody gets the subject before. */
function proofOf({ jkt, certificate }: Confirmation): Pick<Subject, 'proof'> {
  if (jkt !== undefined) return { proof: 'dpop' };
  return certificate === undefined ? {} : { proof: 'certificate' };
}

function tokenIdOf({ jti }: JsonObject): Pick<Subject, 'tokenId'> {
  return typeof jti === 'string' ? { tokenId: jti } : {};
}

interface OwnClaims extends TaskClaims {
  readonly issuedAt: number;
}

/** What only tokens of our own authorization server can say, and what others say instead. */
function ownOf(claims: JsonObject, { tasks }: Issuer): OwnClaims | TokenFailure {
  if (tasks !== true) return { issuedAt: Number(claims['iat'] ?? 0) * 1000 };
  const issuedAt = issuedAtOf(claims);
  if (issuedAt instanceof TokenFailure) return issuedAt;
  const task = taskOf(claims);
  return task instanceof TokenFailure ? task : { ...task, issuedAt };
}

/**
 * When a token was issued. Our own tokens say the millisecond, so that logging in again right after a revocation works;
 * it must lie in the second of `iat`, and nobody else's `iat_ms` counts.
 */
function issuedAtOf({ iat, iat_ms }: JsonObject): number | TokenFailure {
  const seconds = typeof iat === 'number' ? iat : 0;
  if (iat_ms === undefined) return seconds * 1000;
  if (typeof iat_ms === 'number' && Math.floor(iat_ms / 1000) === seconds) return iat_ms;
  return new TokenFailure('the `iat_ms` of the token does not lie in the second of its `iat`');
}

function nameOf(
  claims: JsonObject,
  mapping: ClaimMapping,
  isOwn: boolean,
): Pick<User, 'issuer' | 'subject'> | TokenFailure {
  const elsewhere = isOwn ? originalUser(claims) : undefined;
  if (elsewhere !== undefined) return elsewhere;
  const places = mapping.subject ?? subjectClaims;
  const subject = firstAt(claims, places);
  if (typeof subject !== 'string' || subject === '') {
    return new TokenFailure(`the token names no user: none of ${listed(places)}`);
  }
  return { issuer: String(claims['iss']), subject };
}

function userOf(claims: JsonObject, mapping: ClaimMapping, isOwn: boolean): User | TokenFailure {
  const name = nameOf(claims, mapping, isOwn);
  if (name instanceof TokenFailure) return name;
  const groups = mapping.groups ?? 'groups';
  if (isElsewhere(claims, groups)) {
    return new TokenFailure(
      `the issuer left \`${groups}\` out of the token, because there are too many; let it send fewer, or roles`,
      { reason: 'the access token does not hold all groups of its user' },
    );
  }
  const tenant = mapping.tenant === undefined ? undefined : claimAt(claims, mapping.tenant);
  return {
    ...name,
    roles: textsAt(claims, mapping.roles ?? 'roles'),
    groups: textsAt(claims, groups),
    ...(typeof tenant === 'string' ? { tenant } : {}),
    claims,
  };
}

function agentOf(claims: JsonObject, places: readonly string[]): Agent | TokenFailure {
  const found = firstAt(claims, places);
  if (typeof found !== 'string' || found === '') {
    return new TokenFailure(`the token names no agent: none of ${listed(places)}`);
  }
  if (!/^spiffe:/i.test(found)) return { id: found };
  const id = parseSpiffeId(found);
  return id === undefined ? new TokenFailure(`the agent \`${found}\` is not a valid SPIFFE ID`) : { id };
}

interface Posture {
  readonly device: Device;
  readonly managedUntil: number;
}

function deviceOf(claims: JsonObject, mapping: DeviceMapping | undefined): Posture {
  if (mapping === undefined) return { device: { managed: false }, managedUntil: -Infinity };
  const id = mapping.id === undefined ? undefined : claimAt(claims, mapping.id);
  const seconds = claimAt(claims, mapping.observedAt ?? 'iat');
  const observedAt = typeof seconds === 'number' ? seconds * 1000 : undefined;
  const managed = claimAt(claims, mapping.managed) === true && observedAt !== undefined;
  const device: Device = {
    managed,
    ...(typeof id === 'string' ? { id } : {}),
    ...(observedAt === undefined ? {} : { observedAt }),
  };
  const managedUntil = (observedAt ?? -Infinity) + (mapping.maxAgeSeconds ?? postureSeconds) * 1000;
  return { device, managedUntil: managed ? managedUntil : -Infinity };
}

/** `scope` is a list with blanks (RFC 8693 section 4.2); some providers write `scp`, as a list or an array. */
function scopesOf(claims: JsonObject): readonly string[] {
  const value = claims['scope'] ?? claims['scp'];
  return typeof value === 'string' ? value.split(' ').filter((scope) => scope !== '') : stringsIn(value);
}

function firstAt(claims: JsonObject, places: readonly string[]): JsonValue | undefined {
  return places.map((place) => claimAt(claims, place)).find((value) => value !== undefined);
}

function listed(places: readonly string[]): string {
  return places.map((place) => `\`${place}\``).join(', ');
}
