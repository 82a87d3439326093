import { hash } from 'node:crypto';
import { after, type Eventual } from '../model/eventual.ts';
import { Refusal, refuse } from '../model/refusal.ts';
import type { Subject } from '../model/subject.ts';
import type { Clock, Credentials, Identity } from '../pipeline/ports.ts';
import { isForResource } from './audience.ts';
import { refuseWithChallenge } from './challenge.ts';
import { TokenFailure } from './failure.ts';
import type { Fetch } from './fetch-json.ts';
import type { Issuer } from './issuer.ts';
import { keySourceOf } from './key-source.ts';
import { createLru } from './lru.ts';
import { type TrustedIssuer, type VerifiedToken, verifyToken } from './verify-token.ts';

/** Whose tokens count. */
export interface IdentityOptions {
  readonly issuers: readonly Issuer[];
  /** Scopes that every token must carry, unless its issuer has its own list; a challenge names them. */
  readonly scopes?: readonly string[];
  readonly clock: Pick<Clock, 'now'>;
  /** Fetches the issuers' keys. Default: the platform's. */
  readonly fetch?: Fetch;
}

interface Rejected {
  readonly failure: TokenFailure;
  readonly until: number;
}

const mostVerified = 10_000;
const mostRejected = 2_000;
const rejectedMs = 10_000;
/** RFC 6750 section 2.1; the scheme is case-insensitive (RFC 9110 section 11.1). */
const bearerScheme = /^bearer(?: |$)/i;
const bearer = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/**
 * Recognizes callers by bearer JWT access tokens (RFC 9068) of the configured issuers.
 *
 * A verified token is remembered by the SHA-256 of its header until it ends or its issuer withdraws the key; then the
 * answer comes at once. Audience, end and age of the posture are checked on every call. Throws on issuers that cannot work.
 */
export function createIdentity(options: IdentityOptions): Identity {
  const { clock } = options;
  const issuers = trustedIssuers(options);
  const verified = createLru<VerifiedToken>(mostVerified);
  const rejected = createLru<Rejected>(mostRejected);

  const keep = (key: string, outcome: VerifiedToken | TokenFailure): void => {
    if (!(outcome instanceof TokenFailure)) verified.set(key, outcome);
    else if (outcome.lasting) rejected.set(key, { failure: outcome, until: clock.now() + rejectedMs });
  };

  const recall = (key: string, now: number): VerifiedToken | TokenFailure | undefined => {
    const known = verified.get(key);
    if (known !== undefined) {
      if (now < known.validUntil && known.issuer.keys.holds(known.key)) return known;
      verified.delete(key);
      return undefined;
    }
    const refused = rejected.get(key);
    return refused !== undefined && now < refused.until ? refused.failure : undefined;
  };

  const verify = (token: string, key: string): Eventual<VerifiedToken | TokenFailure> => {
    const verdict = verifyToken(token, issuers, clock.now());
    return after(verdict, (outcome) => {
      keep(key, outcome);
      return outcome;
    });
  };

  const scopes = options.scopes ?? [];

  const look = (credentials: Credentials): Eventual<VerifiedToken | TokenFailure> | Refusal => {
    // A header as most clients write it is known by itself and need not be taken apart again.
    const written = keyOf(credentials.authorization ?? '');
    const known = recall(written, clock.now());
    if (known !== undefined) return known;
    const token = tokenOf(credentials, scopes);
    if (typeof token !== 'string') return token;
    // One token has one place in the cache, however its header is spelled: else one caller could push out all others.
    const key = keyOf(`Bearer ${token}`);
    return (key === written ? undefined : recall(key, clock.now())) ?? verify(token, key);
  };

  return {
    identify: (credentials) => {
      const outcome = look(credentials);
      if (outcome instanceof Refusal) return outcome;
      return after(outcome, (found) => conclude(found, credentials, clock.now(), scopes));
    },
  };
}

function keyOf(header: string): string {
  return hash('sha256', header, 'base64');
}

function trustedIssuers({
  issuers,
  clock,
  fetch = globalThis.fetch,
}: IdentityOptions): Map<string, TrustedIssuer> {
  const trusted = new Map<string, TrustedIssuer>();
  for (const facts of issuers) {
    if (trusted.has(facts.issuer))
      throw new Error(`issuer \`${facts.issuer}\` is configured twice: keep one entry`);
    trusted.set(facts.issuer, { facts, keys: keySourceOf(facts, clock, fetch) });
  }
  return trusted;
}

function tokenOf(credentials: Credentials, scopes: readonly string[]): string | Refusal {
  const { authorization } = credentials;
  // RFC 6750 section 3.1: no error code for a request without credentials, or with those of another scheme.
  if (authorization === undefined || !bearerScheme.test(authorization)) {
    return refuseWithChallenge('token_missing', 'no bearer credentials', credentials, { scopes });
  }
  const token = bearer.exec(authorization)?.[1];
  if (token !== undefined) return token;
  const description = 'the Authorization header is not one bearer token';
  return refuseWithChallenge('token_invalid', description, credentials, {
    scopes,
    error: 'invalid_token',
    description,
  });
}

/** The part that depends on the call: where the token is shown, and when. */
function conclude(
  outcome: VerifiedToken | TokenFailure,
  credentials: Credentials,
  now: number,
  scopes: readonly string[],
): Subject | Refusal {
  if (outcome instanceof TokenFailure) return refuseToken(outcome, credentials, scopes);
  const { facts } = outcome.issuer;
  if (!isForResource(outcome.audiences, credentials.resource, facts)) {
    const failure = new TokenFailure(
      `the token is for ${JSON.stringify(outcome.audiences)}, not for \`${credentials.resource}\``,
      { reason: 'the access token was issued for another resource' },
    );
    return refuseToken(failure, credentials, scopes);
  }
  const needed = facts.requiredScopes ?? scopes;
  const lacking = needed.filter((scope) => !outcome.subject.scopes.includes(scope));
  if (lacking.length > 0) {
    const detail = `the token lacks the scopes ${lacking.join(' ')}`;
    const challenge = { scopes: needed, error: 'insufficient_scope' } as const;
    return refuseWithChallenge('scope_insufficient', detail, credentials, challenge);
  }
  return now < outcome.managedUntil ? outcome.subject : outcome.unmanaged;
}

function refuseToken(failure: TokenFailure, credentials: Credentials, scopes: readonly string[]): Refusal {
  const { detail, reason } = failure;
  // Saying `invalid_token` here would make clients throw away a token that may be good.
  if (failure.unreachable) return refuse('overloaded', detail, reason === undefined ? {} : { reason });
  return refuseWithChallenge('token_invalid', detail, credentials, {
    scopes,
    error: 'invalid_token',
    ...(reason === undefined ? {} : { description: reason }),
  });
}
