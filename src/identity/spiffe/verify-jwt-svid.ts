import type { JsonObject } from '../../model/json.ts';
import { parseSpiffeId, type SpiffeId, trustDomainOf } from '../../model/spiffe-id.ts';
import { TokenFailure } from '../failure.ts';
import { parseUnverified, type UnverifiedJwt } from '../parse-jwt.ts';
import type { Bundles, JwtAuthority, VerifiedJwtSvid } from './contract.ts';
import { fitsSvidAlgorithm, isSvidAlgorithm, verifySvidSignature } from './jwt-algorithms.ts';

/** How far clocks may differ, in milliseconds. */
const leeway = 30_000;

/** The only header members (JWT-SVID section 2: any other MUST NOT be included; so no `crit`, `jwk`, `jku` or `x5c`). */
const headerMembers: ReadonlySet<string> = new Set(['alg', 'kid', 'typ']);

/**
 * Verifies a JWT-SVID for one audience (JWT-SVID section 4).
 *
 * INVARIANT: keys are those of the trust domain that the subject names, and of no other (Workload API section 6.3).
 */
export function verifyJwtSvid(
  token: string,
  audience: string,
  bundles: Pick<Bundles, 'jwt'>,
  now: number,
): VerifiedJwtSvid | TokenFailure {
  const jwt = parseUnverified(token);
  if (jwt instanceof TokenFailure) return jwt;
  const fault = headerFault(jwt.header) ?? claimFault(jwt.claims, audience, now);
  if (fault !== undefined) return new TokenFailure(`the JWT-SVID ${fault}`);
  const id = subjectOf(jwt.claims);
  if (id === undefined) return new TokenFailure('the subject of the JWT-SVID is no SPIFFE ID of a workload');
  const authorities = bundles.jwt(trustDomainOf(id));
  if (authorities === undefined) {
    return new TokenFailure(`there is no JWT bundle of the trust domain of ${id}`, { lasting: false });
  }
  if (isSigned(jwt, authorities)) return { id, claims: jwt.claims };
  // The agent may bring the key a moment later.
  return new TokenFailure(`no authority of the trust domain of ${id} has signed the JWT-SVID`, {
    lasting: false,
  });
}

function headerFault(header: JsonObject): string | undefined {
  const { alg, typ, kid } = header as { readonly [member: string]: unknown };
  if (!isSvidAlgorithm(alg)) return 'has an algorithm that JWT-SVIDs do not have';
  if (typ !== undefined && typ !== 'JWT' && typ !== 'JOSE') return 'is of another type than JWT or JOSE';
  if (kid !== undefined && typeof kid !== 'string') return 'has a `kid` that is no string';
  const other = Object.keys(header).find((member) => !headerMembers.has(member));
  return other === undefined ? undefined : 'has a header that JWT-SVIDs do not have';
}

function claimFault(claims: JsonObject, audience: string, now: number): string | undefined {
  const { exp, nbf, aud } = claims as { readonly [member: string]: unknown };
  if (!isTime(exp)) return 'has no time of expiry';
  if (exp * 1000 + leeway <= now) return 'expired';
  if (nbf !== undefined && !isTime(nbf)) return 'has a `nbf` that is no number';
  if (isTime(nbf) && nbf * 1000 - leeway > now) return 'is not valid yet';
  if (!audiencesOf(aud).includes(audience)) return 'is for another audience';
  return undefined;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function audiencesOf(aud: unknown): readonly unknown[] {
  if (typeof aud === 'string') return [aud];
  return Array.isArray(aud) && aud.every((one) => typeof one === 'string') ? aud : [];
}

function subjectOf({ sub }: { readonly [claim: string]: unknown }): SpiffeId | undefined {
  return typeof sub === 'string' ? parseSpiffeId(sub) : undefined;
}

/** Without a `kid`, which is optional (JWT-SVID section 2.2), every key of the right kind is tried. */
function isSigned({ header, signed, signature }: UnverifiedJwt, all: readonly JwtAuthority[]): boolean {
  const { kid } = header as { readonly [member: string]: unknown };
  const alg = String(header['alg']);
  const fitting = all.filter((one) => {
    const named = (kid === undefined || one.kid === kid) && (one.alg === undefined || one.alg === alg);
    return named && fitsSvidAlgorithm(alg, one.key);
  });
  return fitting.slice(0, mostKeys).some(({ key }) => verifySvidSignature(alg, key, signed, signature));
}

/** No token costs more signatures than this. */
const mostKeys = 16;
