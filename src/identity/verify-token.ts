import type { Eventual } from '../model/eventual.ts';
import { faultMessage } from '../model/fault-message.ts';
import type { JsonObject } from '../model/json.ts';
import { type Algorithm, allAlgorithms, isAlgorithm, verifySignature } from './algorithms.ts';
import { type MappedSubject, mapClaims } from './claims.ts';
import { TokenFailure } from './failure.ts';
import type { Issuer } from './issuer.ts';
import type { KeySource } from './key-source.ts';
import { parseUnverified, type UnverifiedJwt } from './parse-jwt.ts';
import type { VerificationKey } from './verification-key.ts';

/** An issuer with its keys. */
export interface TrustedIssuer {
  readonly facts: Issuer;
  readonly keys: KeySource;
}

/** A token whose signature and claims hold, whatever resource it is for. */
export interface VerifiedToken extends MappedSubject {
  readonly audiences: readonly string[];
  readonly issuer: TrustedIssuer;
  readonly key: VerificationKey;
  /** End of the token with its leeway, in milliseconds since the epoch. */
  readonly validUntil: number;
}

/** How far clocks may differ, in seconds. */
const leeway = 30;

/**
 * Verifies a JWT access token (RFC 9068 section 4, RFC 8725). Answers at once when the key is known; else asks the
 * issuer. The audience is not checked here, because it depends on where the token is shown.
 */
export function verifyToken(
  token: string,
  issuers: ReadonlyMap<string, TrustedIssuer>,
  now: number,
): Eventual<VerifiedToken | TokenFailure> {
  const jwt = parseUnverified(token);
  if (jwt instanceof TokenFailure) return jwt;
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
  const fault = claimFault(jwt.claims, now);
  if (fault !== undefined) return fault;
  return withKeys(jwt, algorithm, issuer);
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

function claimFault(claims: JsonObject, now: number): TokenFailure | undefined {
  const { sub, exp, cnf } = claims as { readonly [claim: string]: unknown };
  const seconds = now / 1000;
  if (typeof sub !== 'string' || sub === '') return new TokenFailure('the token has no `sub`');
  if (cnf !== undefined) {
    // RFC 9449 section 7.1, RFC 8705 section 3: whoever holds a bound token must prove the key, or it is stolen.
    return new TokenFailure('the token is bound to a key (`cnf`) and was shown without a proof of it');
  }
  if (!isDate(exp)) return new TokenFailure('the token has no numeric `exp`');
  if (seconds >= exp + leeway) {
    return new TokenFailure(`the token expired ${Math.round(seconds - exp)} s ago`, {
      reason: 'the access token has expired',
    });
  }
  return startFault(claims, 'nbf', seconds) ?? startFault(claims, 'iat', seconds);
}

function startFault(claims: JsonObject, name: 'nbf' | 'iat', seconds: number): TokenFailure | undefined {
  const start: unknown = claims[name];
  if (start === undefined) return undefined;
  if (!isDate(start)) return new TokenFailure(`the \`${name}\` of the token is not a number`);
  if (seconds >= start - leeway) return undefined;
  return new TokenFailure(`the token is not valid for ${Math.round(start - seconds)} s (\`${name}\`)`, {
    reason: 'the access token is not valid yet',
    lasting: false,
  });
}

function isDate(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function withKeys(
  jwt: UnverifiedJwt,
  algorithm: Algorithm,
  issuer: TrustedIssuer,
): Eventual<VerifiedToken | TokenFailure> {
  const kid = jwt.header['kid'] as string | undefined;
  const known = issuer.keys.find(kid, algorithm);
  if (known.length > 0) return withSignature(jwt, algorithm, issuer, known);
  return issuer.keys.refresh().then(
    () => {
      const found = issuer.keys.find(kid, algorithm);
      if (found.length > 0) return withSignature(jwt, algorithm, issuer, found);
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
  jwt: UnverifiedJwt,
  algorithm: Algorithm,
  issuer: TrustedIssuer,
  keys: readonly VerificationKey[],
): VerifiedToken | TokenFailure {
  const key = keys.find((candidate) => verifySignature(algorithm, candidate.key, jwt.signed, jwt.signature));
  if (key === undefined) return new TokenFailure('the signature of the token is wrong');
  const mapped = mapClaims(jwt.claims, issuer.facts.claims ?? {});
  if (mapped instanceof TokenFailure) return mapped;
  const validUntil = mapped.subject.expiresAt + leeway * 1000;
  return { ...mapped, audiences: audiencesOf(jwt.claims), issuer, key, validUntil };
}

function audiencesOf(claims: JsonObject): readonly string[] {
  const aud = claims['aud'];
  if (typeof aud === 'string') return [aud];
  return Array.isArray(aud) ? aud.filter((item) => typeof item === 'string') : [];
}
