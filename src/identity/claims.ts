import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts';
import { parseSpiffeId } from '../model/spiffe-id.ts';
import { type Agent, type Device, principalKey, type Subject, type User } from '../model/subject.ts';
import { TokenFailure } from './failure.ts';
import type { ClaimMapping, DeviceMapping } from './issuer.ts';

/** What the claims of a verified token say, with what changes while it is in use. */
export interface MappedSubject {
  readonly subject: Subject;
  /** The same subject once the posture of its device is too old. */
  readonly unmanaged: Subject;
  /** Until when the posture counts, in milliseconds since the epoch. */
  readonly managedUntil: number;
}

const agentClaims = ['/act/sub', 'client_id', 'azp'];
const postureSeconds = 3600;

/** Reads a subject out of verified claims. `iss`, `sub` and `exp` are checked already. */
export function mapClaims(claims: JsonObject, mapping: ClaimMapping): MappedSubject | TokenFailure {
  const agent = agentOf(claims, mapping.agent ?? agentClaims);
  if (agent instanceof TokenFailure) return agent;
  const user = userOf(claims, mapping);
  const { device, managedUntil } = deviceOf(claims, mapping.device);
  const subject: Subject = {
    user,
    agent,
    device,
    scopes: scopesOf(claims),
    expiresAt: Number(claims['exp']) * 1000,
    issuedAt: Number(claims['iat'] ?? 0) * 1000,
    principal: principalKey(user, agent),
  };
  return { subject, unmanaged: { ...subject, device: { ...device, managed: false } }, managedUntil };
}

function userOf(claims: JsonObject, mapping: ClaimMapping): User {
  const tenant = mapping.tenant === undefined ? undefined : claimAt(claims, mapping.tenant);
  return {
    issuer: String(claims['iss']),
    subject: String(claims['sub']),
    roles: texts(claimAt(claims, mapping.roles ?? 'roles')),
    groups: texts(claimAt(claims, mapping.groups ?? 'groups')),
    ...(typeof tenant === 'string' ? { tenant } : {}),
    claims,
  };
}

function agentOf(claims: JsonObject, places: readonly string[]): Agent | TokenFailure {
  const found = places.map((place) => claimAt(claims, place)).find((value) => value !== undefined);
  if (typeof found !== 'string' || found === '') {
    return new TokenFailure(
      `the token names no agent: none of ${places.map((place) => `\`${place}\``).join(', ')}`,
    );
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
  return typeof value === 'string' ? value.split(' ').filter((scope) => scope !== '') : texts(value);
}

function texts(value: JsonValue | undefined): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** The claim at a place: a member's name, or a JSON Pointer (RFC 6901). */
function claimAt(claims: JsonObject, place: string): JsonValue | undefined {
  if (!place.startsWith('/')) return ownMember(claims, place);
  const steps = place
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return steps.reduce<JsonValue | undefined>(
    (value, step) => (isJsonObject(value) ? ownMember(value as JsonObject, step) : undefined),
    claims,
  );
}

/** INVARIANT: only own members count; `constructor` and its like are claims of nobody. */
function ownMember(value: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}
