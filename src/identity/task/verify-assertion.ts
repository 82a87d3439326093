import type { JsonObject } from '../../model/json.ts';
import type { Clock } from '../../pipeline/ports.ts';
import { allAlgorithms, isAlgorithm, verifySignature } from '../algorithms.ts';
import { TokenFailure } from '../failure.ts';
import type { Fetch } from '../fetch-json.ts';
import type { Issuer } from '../issuer.ts';
import { type KeySource, keySourceOf } from '../key-source.ts';
import { parseUnverified, type UnverifiedJwt } from '../parse-jwt.ts';

/** Verifies a JWT of one type by the keys of the issuer that it names; answers its claims. Times are not looked at. */
export type VerifyAssertion = (token: string) => Promise<JsonObject | TokenFailure>;

/** Whose assertions count, and of which type. */
export interface AssertionIssuers {
  readonly issuers: readonly Issuer[];
  /** The `typ` that the header must have (RFC 8725 section 3.11), without `application/`. */
  readonly typ: string;
  readonly clock: Pick<Clock, 'now'>;
  /** For the keys of the issuers; default: the platform's. */
  readonly fetch?: Fetch;
}

interface Trusted {
  readonly issuer: Issuer;
  readonly keys: KeySource;
}

/** Makes it. Throws on issuers that cannot work. */
export function createAssertionVerifier(options: AssertionIssuers): VerifyAssertion {
  const { issuers, typ, clock, fetch = globalThis.fetch } = options;
  const trusted = new Map<string, Trusted>(
    issuers.map((issuer) => [issuer.issuer, { issuer, keys: keySourceOf(issuer, clock, fetch) }]),
  );
  return async (token) => {
    const jwt = parseUnverified(token);
    if (jwt instanceof TokenFailure) return jwt;
    if (typeOf(jwt) !== typ) return new TokenFailure(`the type of the assertion is not \`${typ}\``);
    const iss: unknown = jwt.claims['iss'];
    // INVARIANT: keys come from the issuer that the assertion names, so no issuer can speak for another.
    const by = typeof iss === 'string' ? trusted.get(iss) : undefined;
    if (by === undefined) return untrusted(iss);
    return (await isSigned(jwt, by))
      ? jwt.claims
      : new TokenFailure('the signature of the assertion is wrong');
  };
}

/** The lower-case `typ` of a JWT; undefined for none. */
export function typeOf({ header }: UnverifiedJwt): string | undefined {
  const { typ } = header;
  return typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : undefined;
}

function untrusted(iss: unknown): TokenFailure {
  return new TokenFailure(`assertions of \`${String(iss)}\` do not count here`, {
    reason: 'its issuer is not trusted for assertions; the operator can set `identityAssertions` for it',
  });
}

async function isSigned(
  { header, signed, signature }: UnverifiedJwt,
  { issuer, keys }: Trusted,
): Promise<boolean> {
  const { alg, crit, kid } = header;
  if (!isAlgorithm(alg) || !(issuer.algorithms ?? allAlgorithms).includes(alg)) return false;
  if (crit !== undefined || (kid !== undefined && typeof kid !== 'string')) return false;
  if (keys.find(kid, alg).length === 0) await keys.refresh();
  return keys.find(kid, alg).some(({ key }) => verifySignature(alg, key, signed, signature));
}
