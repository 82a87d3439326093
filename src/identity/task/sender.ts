import type { JsonObject, JsonValue } from '../../model/json.ts';
import { parseSpiffeId, trustDomainOf } from '../../model/spiffe-id.ts';
import type { Agent, Subject, User } from '../../model/subject.ts';
import type { KeyBinding } from '../server/grant.ts';

/**
 * The claims that say who the user is. A user of another issuer is named in full by `sub_id` (RFC 9493 sections 3.2.6
 * and 4), and its `sub` is made unique here: two issuers may have a user of the same name.
 */
export function userClaims({ issuer, subject }: Pick<User, 'issuer' | 'subject'>, own: string): JsonObject {
  if (issuer === own) return { sub: subject };
  return {
    sub: `${issuer}#${encodeURIComponent(subject)}`,
    sub_id: { format: 'iss_sub', iss: issuer, sub: subject },
  };
}

/** Facts of the user and its device that policies read, copied from the token that a new one is made from. */
export function factsOf({ user, device, scopes }: Subject): JsonObject {
  const { roles, groups, tenant, claims } = user;
  return {
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(roles.length > 0 && { roles }),
    ...(groups.length > 0 && { groups }),
    ...(tenant !== undefined && { tenant }),
    ...Object.fromEntries(authentication.flatMap((name) => ownClaim(claims, name))),
    device: {
      managed: device.managed,
      ...(device.id !== undefined && { id: device.id }),
      ...(device.observedAt !== undefined && { observed_at: Math.floor(device.observedAt / 1000) }),
    },
  };
}

/** RFC 9068 section 2.2.1. */
const authentication = ['auth_time', 'acr', 'amr', 'sid'];

function ownClaim(claims: JsonObject, name: string): [string, JsonValue][] {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  return value === undefined ? [] : [[name, value]];
}

/** The chain of actors, the present one outermost (RFC 8693 section 4.1). */
export function actorClaim({ id, actsFor = [] }: Agent): JsonObject {
  const [next, ...rest] = actsFor;
  return { ...actor(id), ...(next !== undefined && { act: actorClaim({ id: next, actsFor: rest }) }) };
}

/** A workload is named together with its trust domain, which vouches for it. */
function actor(id: string): JsonObject {
  const spiffe = parseSpiffeId(id);
  return spiffe === undefined ? { sub: id } : { sub: id, iss: `spiffe://${trustDomainOf(spiffe)}` };
}

/** The key of a binding as one text. */
export function keyName(binding: KeyBinding): string {
  return 'jkt' in binding ? `jkt ${binding.jkt}` : `x5t#S256 ${binding['x5t#S256']}`;
}

/** `token_type` of an answer: certificate-bound tokens are sent as bearer tokens (RFC 8705 section 3). */
export function tokenType(binding: KeyBinding | undefined): 'DPoP' | 'Bearer' {
  return binding !== undefined && 'jkt' in binding ? 'DPoP' : 'Bearer';
}
