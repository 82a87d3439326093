import { type JsonObject, objectMember, stringMember } from '../../model/json.ts';
import type { ReplayCache } from '../../pipeline/store-ports.ts';
import { TokenFailure } from '../failure.ts';
import { type GrantClient, GrantError, type GrantHandler, type GrantRequest } from '../server/grant.ts';
import {
  type AccessTokenOptions,
  assertionIn,
  issueAccessToken,
  resourcesFor,
  scopesFor,
} from './access-token.ts';
import { userClaims } from './sender.ts';
import type { VerifyAssertion } from './verify-assertion.ts';

/** RFC 7523 section 2.1. */
export const jwtBearerType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** The `typ` of an identity assertion (draft-ietf-oauth-identity-assertion-authz-grant section 3.1). */
export const identityAssertionType = 'oauth-id-jag+jwt';

/** What the grant is made of. */
export interface IdentityAssertionOptions extends AccessTokenOptions {
  readonly verify: VerifyAssertion;
  readonly replay: ReplayCache;
  /** Whether what says this of its user and client was revoked after it was issued; undefined: nothing is revoked. */
  readonly revoked?: (claims: JsonObject) => boolean;
}

/** How far clocks may differ, and how long an assertion may live, in seconds. */
const leeway = 30;
const longestLife = 3600;

/**
 * Enterprise-managed authorization: takes the identity assertion of a trusted provider (ID-JAG) for an access token. The
 * provider has decided that this client may act for this user here; the token is for the named resource alone.
 */
export function createIdentityAssertionGrant(options: IdentityAssertionOptions): GrantHandler {
  return {
    type: jwtBearerType,
    parameters: ['assertion', 'scope'],
    grant: async (request) => {
      const { client, binding, resources: asked, parameters } = request;
      if (client === undefined)
        throw new GrantError('invalid_client', 'authenticate as the client of the assertion');
      const claims = await options.verify(assertionIn(request));
      if (claims instanceof TokenFailure) throw refused(claims);
      checkClaims(claims, client, options);
      checkKey(claims, request);
      checkRevoked(claims, client, options);
      const resources = resourcesFor(options, asked, resourcesIn(claims));
      const scopes = scopesFor(options, resources, parameters['scope'], stringMember(claims, 'scope'));
      await spendAssertion(claims, options);
      return issueAccessToken(options, {
        sender: senderOf(claims, client, options),
        resources,
        scopes,
        binding,
      });
    },
  };
}

/** What is wrong with an assertion, as a refusal (RFC 7521 section 4.1.1). */
export function refused({ reason, unreachable }: TokenFailure): GrantError {
  const code = unreachable ? 'temporarily_unavailable' : 'invalid_grant';
  return new GrantError(
    code,
    `\`assertion\`: ${reason ?? 'it is not a valid assertion of a trusted issuer'}`,
  );
}

function checkClaims(claims: JsonObject, client: GrantClient, options: IdentityAssertionOptions): void {
  const { sub, aud, client_id: clientId, jti } = claims;
  const { issuer } = options.signer;
  // One audience, and it is ours: an assertion for two servers could be used at both (RFC 7523 section 3).
  if (aud !== issuer && !(Array.isArray(aud) && aud.length === 1 && aud[0] === issuer)) {
    throw invalid(`its \`aud\` must be \`${issuer}\` alone`);
  }
  if (clientId !== client.id) throw invalid('it was issued for another client');
  if (typeof sub !== 'string' || sub === '') throw invalid('it names no user (`sub`)');
  if (typeof jti !== 'string' || jti === '') throw invalid('it has no `jti`, so it could be used twice');
  checkTimes(claims, options.clock.now() / 1000);
}

function checkTimes({ exp, iat, nbf }: JsonObject, now: number): void {
  if (typeof exp !== 'number' || typeof iat !== 'number')
    throw invalid('it must have numeric `exp` and `iat`');
  if (now >= exp + leeway) throw invalid('it has expired');
  if (iat > now + leeway || (typeof nbf === 'number' && nbf > now + leeway))
    throw invalid('it is not valid yet');
  if (exp - iat > longestLife) throw invalid(`it lives longer than ${longestLife} s`);
}

/** An assertion of before must not become a token of after. */
function checkRevoked(claims: JsonObject, client: GrantClient, { revoked }: IdentityAssertionOptions): void {
  const { iss, sub, iat, jti } = claims;
  const known = { sub_id: { format: 'iss_sub', iss, sub }, client_id: client.id, iat, jti };
  if (revoked?.(known) === true) throw invalid('its user or client has been revoked since it was issued');
}

/** A key in the assertion is the only one that the token may be bound to (RFC 7800 section 3.1). */
function checkKey(claims: JsonObject, { binding }: GrantRequest): void {
  if (claims['cnf'] === undefined) return;
  const expected = stringMember(objectMember(claims, 'cnf'), 'jkt');
  if (expected === undefined || binding === undefined || !('jkt' in binding) || binding.jkt !== expected) {
    throw invalid('it is bound to a key (`cnf`); send a `DPoP` proof of that key');
  }
}

function resourcesIn({ resource }: JsonObject): readonly string[] {
  const named = Array.isArray(resource) ? (resource as readonly unknown[]) : [resource];
  const texts = named.filter((one) => typeof one === 'string');
  if (texts.length > 0 && texts.length === named.length) return texts;
  throw invalid('it names no `resource`');
}

/** Last of all checks, so that a refused request can be mended and sent again. */
async function spendAssertion(
  claims: JsonObject,
  { replay, clock }: IdentityAssertionOptions,
): Promise<void> {
  const until = Math.max(Number(claims['exp']) * 1000, clock.now()) + leeway * 1000;
  const key = JSON.stringify(['assertion', claims['iss'], claims['jti']]);
  if (!(await replay.claim(key, until))) throw invalid('it was used before; get a new one');
}

function senderOf(claims: JsonObject, client: GrantClient, { signer }: IdentityAssertionOptions): JsonObject {
  const user = { issuer: String(claims['iss']), subject: String(claims['sub']) };
  return {
    ...userClaims(user, signer.issuer),
    client_id: client.id,
    ...Object.fromEntries(
      ['auth_time', 'acr', 'amr', 'roles', 'groups'].flatMap((name) =>
        claims[name] === undefined ? [] : [[name, claims[name]]],
      ),
    ),
  };
}

function invalid(what: string): GrantError {
  return new GrantError('invalid_grant', `\`assertion\`: ${what}`);
}
