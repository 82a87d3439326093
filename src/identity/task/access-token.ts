import type { JsonObject } from '../../model/json.ts';
import type { Clock } from '../../pipeline/ports.ts';
import { GrantError, type GrantRequest, type KeyBinding } from '../server/grant.ts';
import type { Signer } from '../server/signer.ts';
import { malformed } from './exchange-request.ts';
import { tokenType } from './sender.ts';

/** What access tokens that follow an assertion are made with. */
export interface AccessTokenOptions {
  readonly signer: Signer;
  readonly clock: Pick<Clock, 'now' | 'uuid'>;
  /** The resources that tokens can be for, with their scopes. */
  readonly resources: () => readonly { readonly resource: string; readonly scopes: readonly string[] }[];
  /** How long a token lives, in seconds. */
  readonly seconds: number;
  /** Whether tokens must be bound to a key. */
  readonly senderConstrained: 'optional' | 'required';
}

/** What one access token says. */
export interface AccessTokenOrder {
  /** `sub`, `client_id` and what else is said of who it is for. */
  readonly sender: JsonObject;
  readonly resources: readonly string[];
  readonly scopes: readonly string[];
  readonly binding: KeyBinding | undefined;
}

/** Signs an access token (RFC 9068) for some resources alone, and answers as RFC 6749 section 5.1 says. */
export async function issueAccessToken(
  { signer, clock, seconds, senderConstrained }: AccessTokenOptions,
  { sender, resources, scopes, binding }: AccessTokenOrder,
): Promise<JsonObject> {
  if (binding === undefined && senderConstrained === 'required') {
    throw malformed('tokens of this gateway are bound to a key: send a `DPoP` proof (RFC 9449)');
  }
  const now = clock.now();
  const iat = Math.floor(now / 1000);
  const scope = scopes.join(' ');
  const claims: JsonObject = {
    iss: signer.issuer,
    aud: resources.length === 1 ? resources[0] : resources,
    ...sender,
    jti: clock.uuid(),
    iat,
    iat_ms: now,
    exp: iat + seconds,
    ...(scope !== '' && { scope }),
    ...(binding && { cnf: binding }),
  };
  return {
    access_token: await signer.sign('at+jwt', claims),
    token_type: tokenType(binding),
    expires_in: seconds,
    ...(scope !== '' && { scope }),
  };
}

/** The resources that a token shall be for: what was asked, within what is allowed and known. Throws `invalid_target`. */
export function resourcesFor(
  { resources: known }: AccessTokenOptions,
  asked: readonly string[],
  allowed: readonly string[] | undefined,
): readonly string[] {
  const ours = known().map(({ resource }) => resource);
  const within = allowed ?? ours;
  const wanted = asked.length > 0 ? [...new Set(asked)] : within;
  const left = wanted.filter((resource) => ours.includes(resource) && within.includes(resource));
  if (wanted.length > 0 && left.length === wanted.length) return left;
  throw new GrantError(
    'invalid_target',
    `\`resource\` must be among ${within.slice(0, 20).join(', ')}, and one of ours`,
  );
}

/** The scopes that a token gets: those of its resources, as far as they were asked for and are allowed. */
export function scopesFor(
  { resources: known }: AccessTokenOptions,
  resources: readonly string[],
  ...limits: readonly (string | undefined)[]
): readonly string[] {
  const offered = known().flatMap(({ resource, scopes }) => (resources.includes(resource) ? scopes : []));
  const lists = limits.flatMap((limit) => (limit === undefined ? [] : [limit.split(' ')]));
  return [...new Set(offered)].filter((scope) => lists.every((list) => list.includes(scope)));
}

/** The assertion of a request (RFC 7523 section 2.1). */
export function assertionIn({ parameters }: GrantRequest): string {
  const { assertion } = parameters;
  if (assertion === undefined || assertion === '') throw malformed('`assertion` is missing');
  return assertion;
}
