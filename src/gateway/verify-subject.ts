import { isForResource } from '../identity/audience.ts';
import { TokenFailure } from '../identity/failure.ts';
import type { Issuer } from '../identity/issuer.ts';
import type { Revoked } from '../identity/revoked.ts';
import type { TokenExchangeOptions } from '../identity/task/exchange-options.ts';
import { createVerifier } from '../identity/verifier.ts';
import type { VerifiedToken } from '../identity/verify-token.ts';
import type { Subject } from '../model/subject.ts';
import type { Clock } from '../pipeline/ports.ts';

/** Whose tokens can stand for a user in a token exchange. */
export interface SubjectTokens {
  /** Issuers of access tokens. */
  readonly issuers: readonly Issuer[];
  /** The login provider, for ID tokens. */
  readonly login: Issuer | undefined;
  readonly resources: () => readonly string[];
  readonly revocations: Revoked;
  readonly clock: Pick<Clock, 'now'>;
}

const idToken = 'urn:ietf:params:oauth:token-type:id_token';

/**
 * Verifies subject and actor tokens (RFC 8693 section 2.1). An access token must be good at one of our resources: what was
 * issued for somebody else proves nothing here (RFC 8707).
 */
export function subjectVerifier(tokens: SubjectTokens): TokenExchangeOptions['verifySubject'] {
  const { issuers, login, clock, revocations } = tokens;
  const access = createVerifier({ issuers, clock });
  const identity = login && createVerifier({ issuers: [login], clock });
  return async (token, type) => {
    const verify = type === idToken ? identity : access;
    if (verify === undefined)
      return new TokenFailure('no login provider is configured, so ID tokens are not taken');
    const found = await verify(token);
    if (found instanceof TokenFailure) return found;
    return (
      audienceFault(found, type, tokens) ??
      revocationFault(found, revocations) ??
      subjectOf(found, clock.now())
    );
  };
}

function audienceFault(
  { audiences, issuer }: VerifiedToken,
  type: string,
  { resources }: SubjectTokens,
): TokenFailure | undefined {
  const isOurs =
    type === idToken
      ? audiences.some((audience) => issuer.audiences?.includes(audience))
      : resources().some((resource) => isForResource(audiences, resource, issuer));
  if (isOurs) return undefined;
  return new TokenFailure(`the token is for ${JSON.stringify(audiences)}`, {
    reason: 'it was issued for another resource than those of this gateway',
  });
}

function revocationFault(
  { epochKeys, subject }: VerifiedToken,
  revocations: Revoked,
): TokenFailure | undefined {
  if (!revocations.isRevoked(epochKeys, subject.issuedAt)) return undefined;
  return new TokenFailure('it, or its user, agent, device or task, was revoked', {
    reason: 'it has been revoked',
  });
}

function subjectOf({ subject, unmanaged, managedUntil }: VerifiedToken, now: number): Subject {
  if (now >= managedUntil) return unmanaged;
  // The owner's token speaks of this machine, so its posture does not age; what is made of it says so as of now.
  const isOfThisMachine = managedUntil === Number.POSITIVE_INFINITY;
  return isOfThisMachine ? { ...subject, device: { ...subject.device, observedAt: now } } : subject;
}
