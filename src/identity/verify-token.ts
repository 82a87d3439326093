import type { Eventual } from '../model/eventual.ts';
import { faultMessage } from '../model/fault-message.ts';
import type { JsonObject } from '../model/json.ts';
import { type Algorithm, allAlgorithms, isAlgorithm, verifySignature } from './algorithms.ts';
import { TokenFailure } from './failure.ts';
import type { Issuer } from './issuer.ts';
import type { KeySource } from './key-source.ts';
import type { UnverifiedJwt } from './parse-jwt.ts';
import { type ReadToken, readClaims, timeFault } from './read-claims.ts';
import type { VerificationKey } from './verification-key.ts';

/** An issuer with its keys. */
export interface TrustedIssuer {
  readonly facts: Issuer;
  readonly keys: KeySource;
}

/** A token whose signature and claims hold, whatever resource it is for. */
export interface VerifiedToken extends ReadToken {
  /** Whether what it was verified by still counts. */
  readonly holds: () => boolean;
}

/** What a token is verified with. */
export interface VerifyOptions {
  readonly issuers: ReadonlyMap<string, TrustedIssuer>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Verifies a JWT access token (RFC 9068 section 4, RFC 8725). Answers at once when the key is known; else asks the
 * issuer. Audience and proof are not checked here, because they depend on where and how the token is shown.
 */
export function verifyToken(
  jwt: UnverifiedJwt,
  { issuers, now }: VerifyOptions,
): Eventual<VerifiedToken | TokenFailure> {
  const iss = jwt.claims['iss'];
  // INVARIANT: keys come from the issuer that the token names, so no issuer can speak for another.
  const issuer = typeof iss === 'string' ? issuers.get(iss) : undefined;
  if (issuer === undefined) {
    return new TokenFailure(`the issuer \`${String(iss)}\` is not configured`, {
      reason: 'the issuer of the access token is not trusted here',
    });
  }
  const algorithm = algorithmOf(jwt.header, issuer.facts);
  if (algorithm instanceof TokenFailure) return algorithm;
  const fault = timeFault(jwt.claims, now);
  if (fault !== undefined) return fault;
  return withKeys({ jwt, algorithm, issuer, now });
}

function algorithmOf(header: JsonObject, issuer: Issuer): Algorithm | TokenFailure {
  const { alg, typ, crit, kid } = header as { readonly [member: string]: unknown };
  const allowed = issuer.algorithms ?? allAlgorithms;
  if (!isAlgorithm(alg) || !allowed.includes(alg)) {
    return new TokenFailure(
      `the algorithm \`${String(alg)}\` is not allowed; allowed: ${allowed.join(', ')}`,
    );
  }
  if (crit !== undefined)
    return new TokenFailure('the token has critical header members, and none is understood');
  if (kid !== undefined && typeof kid !== 'string')
    return new TokenFailure('the `kid` of the token is not a string');
  return isTokenType(typ, issuer) ? alg : new TokenFailure(typeFault(typ));
}

/** RFC 9068 section 4 and RFC 8725 section 3.11: an explicit type keeps other kinds of JWT out. */
function isTokenType(typ: unknown, issuer: Issuer): boolean {
  if (typ === undefined) return issuer.allowPlainJwt === true;
  if (typeof typ !== 'string') return false;
  const type = typ.toLowerCase().replace(/^application\//, '');
  return type === 'at+jwt' || (type === 'jwt' && issuer.allowPlainJwt === true);
}

function typeFault(typ: unknown): string {
  return (
    `the token has type \`${String(typ)}\`, not \`at+jwt\`; if this issuer makes no other access tokens, set ` +
    '`allowPlainJwt` for it'
  );
}

/** A token whose header and time hold. */
interface Candidate {
  readonly jwt: UnverifiedJwt;
  readonly algorithm: Algorithm;
  readonly issuer: TrustedIssuer;
  readonly now: number;
}

function withKeys(candidate: Candidate): Eventual<VerifiedToken | TokenFailure> {
  const { jwt, algorithm, issuer } = candidate;
  const kid = jwt.header['kid'] as string | undefined;
  const known = issuer.keys.find(kid, algorithm);
  if (known.length > 0) return withSignature(candidate, known);
  return issuer.keys.refresh().then(
    () => {
      const found = issuer.keys.find(kid, algorithm);
      if (found.length > 0) return withSignature(candidate, found);
      const which = kid === undefined ? 'the token names no key' : `\`kid\` ${JSON.stringify(kid)}`;
      return new TokenFailure(`the issuer publishes no ${algorithm} key for it: ${which}`, {
        lasting: false,
      });
    },
    (cause: unknown) =>
      new TokenFailure(`the keys of \`${issuer.facts.issuer}\` cannot be had: ${faultMessage(cause)}`, {
        reason: 'the keys of the token issuer cannot be reached',
        lasting: false,
        unreachable: true,
      }),
  );
}

function withSignature(
  { jwt, algorithm, issuer, now }: Candidate,
  keys: readonly VerificationKey[],
): VerifiedToken | TokenFailure {
  const key = keys.find((candidate) => verifySignature(algorithm, candidate.key, jwt.signed, jwt.signature));
  if (key === undefined) return new TokenFailure('the signature of the token is wrong');
  const read = readClaims(jwt.claims, issuer.facts, now);
  return read instanceof TokenFailure ? read : { ...read, holds: () => issuer.keys.holds(key) };
}
