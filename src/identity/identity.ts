import { after, type Eventual } from '../model/eventual.ts';
import { type Refusal, refuse } from '../model/refusal.ts';
import type { Subject } from '../model/subject.ts';
import type { Clock, Credentials, Identity } from '../pipeline/ports.ts';
import { isForResource } from './audience.ts';
import { type Authorization, readAuthorization, type Scheme } from './authorization.ts';
import { refuseWithChallenge } from './challenge.ts';
import { TokenFailure } from './failure.ts';
import type { Fetch } from './fetch-json.ts';
import type { Issuer } from './issuer.ts';
import { createKnownTokens } from './known-tokens.ts';
import { createPossessionCheck, type ProofOptions } from './proof/possession.ts';
import type { Revoked } from './revoked.ts';
import { createVerifier } from './verifier.ts';
import type { VerifiedToken } from './verify-token.ts';

/** Whose tokens count, and how they must be shown. */
export interface IdentityOptions {
  readonly issuers: readonly Issuer[];
  /** Scopes that every token must carry, unless its issuer has its own list; a challenge names them. */
  readonly scopes?: readonly string[];
  readonly clock: Pick<Clock, 'now'>;
  /** Fetches the issuers' keys, and asks about tokens. Default: the platform's. */
  readonly fetch?: Fetch;
  /** How senders prove the keys of bound tokens. Default: certificates alone. */
  readonly proof?: ProofOptions;
  /** What was revoked. Default: nothing. */
  readonly revocations?: Revoked;
}

/**
 * Recognizes callers by access tokens of the configured issuers: JWTs (RFC 9068), or opaque ones that an issuer answers
 * for (RFC 7662); plain, or bound to a key that the sender proves (RFC 9449, RFC 8705).
 *
 * A verified token is remembered by its SHA-256 until it ends or its issuer withdraws the key; then the answer comes at
 * once. Proof, audience, revocation, end and age of the posture are checked on every call. Throws on options that cannot
 * work.
 */
export function createIdentity(options: IdentityOptions): Identity {
  const { clock } = options;
  const possession = createPossessionCheck(options.proof ?? {}, clock);
  const tokens = createKnownTokens(createVerifier(options), clock);
  const site: Site = {
    scopes: options.scopes ?? [],
    dpop: possession.dpop,
    revocations: options.revocations,
  };

  return {
    identify: (credentials) => {
      const shown = readAuthorization(credentials.authorization);
      if (shown === undefined || (shown.scheme === 'DPoP' && !possession.dpop))
        return challenged(credentials, site);
      const request: Request = { ...site, scheme: shown.scheme, credentials };
      const found = tokens.find(shown.rest);
      if (found === undefined) return malformed(request, shown);
      return after(found.outcome, (token): Eventual<Subject | Refusal> => {
        if (token instanceof TokenFailure) return refuseToken(token, request);
        const checked = possession.check({ scheme: shown.scheme, digest: found.digest }, token, credentials);
        return after(checked, (fault) => conclude(fault ?? token, request, clock.now()));
      });
    },
  };
}

interface Site {
  readonly scopes: readonly string[];
  readonly dpop: boolean;
  readonly revocations: Revoked | undefined;
}

interface Request extends Site {
  readonly scheme: Scheme;
  readonly credentials: Credentials;
}

/** RFC 6750 section 3.1: no error code for a request without credentials, or with those of another scheme. */
function challenged(credentials: Credentials, { scopes, dpop }: Site): Refusal {
  return refuseWithChallenge('token_missing', 'no credentials of a known scheme', credentials, {
    scopes,
    dpop,
  });
}

function malformed(request: Request, { scheme }: Authorization): Refusal {
  const reason = `the Authorization header is not one ${scheme === 'DPoP' ? 'DPoP' : 'bearer'} token`;
  return refuseToken(new TokenFailure(reason, { reason }), request);
}

/** The part that depends on the call: where the token is shown, and when. */
function conclude(token: VerifiedToken | TokenFailure, request: Request, now: number): Subject | Refusal {
  if (token instanceof TokenFailure) return refuseToken(token, request);
  const { subject, issuer } = token;
  const fault = audienceFault(token, request.credentials) ?? revocationFault(token, request);
  if (fault !== undefined) return refuseToken(fault, request);
  const scopes = issuer.requiredScopes ?? request.scopes;
  const lacking = scopes.filter((scope) => !subject.scopes.includes(scope));
  if (lacking.length > 0) {
    const detail = `the token lacks the scopes ${lacking.join(' ')}`;
    const { scheme, dpop } = request;
    const challenge = { scopes, scheme, dpop, error: 'insufficient_scope' } as const;
    return refuseWithChallenge('scope_insufficient', detail, request.credentials, challenge);
  }
  return now < token.managedUntil ? subject : token.unmanaged;
}

function audienceFault(
  { audiences, issuer }: VerifiedToken,
  { resource }: Credentials,
): TokenFailure | undefined {
  if (isForResource(audiences, resource, issuer)) return undefined;
  return new TokenFailure(`the token is for ${JSON.stringify(audiences)}, not for \`${resource}\``, {
    reason: 'the access token was issued for another resource',
  });
}

function revocationFault(
  { epochKeys, subject }: VerifiedToken,
  { revocations }: Site,
): TokenFailure | undefined {
  if (revocations?.isRevoked(epochKeys, subject.issuedAt) !== true) return undefined;
  return new TokenFailure('the token, or its user, agent, device or task, was revoked after it was issued', {
    reason: 'the access token has been revoked',
  });
}

function refuseToken(failure: TokenFailure, { scopes, scheme, dpop, credentials }: Request): Refusal {
  const { detail, reason, error, nonce } = failure;
  // Saying `invalid_token` here would make clients throw away a token that may be good.
  if (failure.unreachable) return refuse('overloaded', detail, reason === undefined ? {} : { reason });
  return refuseWithChallenge('token_invalid', detail, credentials, {
    scopes,
    scheme,
    dpop,
    error,
    ...(reason !== undefined && { description: reason }),
    ...(nonce !== undefined && { nonce }),
  });
}
