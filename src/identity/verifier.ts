import { after, type Eventual } from '../model/eventual.ts';
import type { Clock } from '../pipeline/ports.ts';
import { TokenFailure } from './failure.ts';
import type { Fetch } from './fetch-json.ts';
import { createIntrospector, type Introspector } from './introspection/introspector.ts';
import type { Issuer } from './issuer.ts';
import { keySourceOf } from './key-source.ts';
import type { Verify } from './known-tokens.ts';
import { parseUnverified } from './parse-jwt.ts';
import { type TrustedIssuer, type VerifiedToken, verifyToken } from './verify-token.ts';

/** Whose tokens are verified, and with what. */
export interface VerifierOptions {
  readonly issuers: readonly Issuer[];
  readonly clock: Pick<Clock, 'now'>;
  readonly fetch?: Fetch;
}

/** More characters than any token that fits into a header block of 16 KiB. */
const longest = 16_000;

/**
 * Verifies JWTs by the keys of their issuers, and asks about everything else, and about JWTs whose issuer wants that.
 * Throws on issuers that cannot work.
 */
export function createVerifier(options: VerifierOptions): Verify {
  const issuers = trustedIssuers(options);
  const introspector = introspectorOf(options);
  return (token) => {
    const jwt = parseUnverified(token);
    if (jwt instanceof TokenFailure)
      return introspector === undefined || token.length > longest ? jwt : introspector.introspect(token);
    const outcome = verifyToken(jwt, { issuers, now: options.clock.now() });
    if (introspector === undefined) return outcome;
    return after(outcome, (verified) => confirmed(introspector, token, verified));
  };
}

/** Whether the issuer still stands by a JWT that it signed. What the token says is up to its signature. */
function confirmed(
  introspector: Introspector,
  token: string,
  verified: VerifiedToken | TokenFailure,
): Eventual<VerifiedToken | TokenFailure> {
  if (verified instanceof TokenFailure || verified.issuer.introspection?.tokens !== 'all') return verified;
  return after(introspector.introspect(token), (answer) =>
    answer instanceof TokenFailure
      ? answer
      : { ...verified, validUntil: Math.min(verified.validUntil, answer.validUntil) },
  );
}

function trustedIssuers({
  issuers,
  clock,
  fetch = globalThis.fetch,
}: VerifierOptions): ReadonlyMap<string, TrustedIssuer> {
  const trusted = new Map<string, TrustedIssuer>();
  for (const facts of issuers) {
    if (trusted.has(facts.issuer))
      throw new Error(`issuer \`${facts.issuer}\` is configured twice: keep one entry`);
    trusted.set(facts.issuer, { facts, keys: keySourceOf(facts, clock, fetch) });
  }
  return trusted;
}

/** An opaque token does not say whose it is, so only one issuer can be asked. */
function introspectorOf({
  issuers,
  clock,
  fetch = globalThis.fetch,
}: VerifierOptions): Introspector | undefined {
  const asked = issuers.flatMap((issuer) =>
    issuer.introspection === undefined ? [] : [{ issuer, introspection: issuer.introspection }],
  );
  const [first, second] = asked;
  if (first === undefined) return undefined;
  if (second !== undefined) {
    throw new Error(
      `issuers \`${first.issuer.issuer}\` and \`${second.issuer.issuer}\` both have \`introspection\`: keep one`,
    );
  }
  return createIntrospector({ ...first, clock, fetch });
}
