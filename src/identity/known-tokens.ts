import { hash } from 'node:crypto';
import { after, type Eventual } from '../model/eventual.ts';
import type { Clock } from '../pipeline/ports.ts';
import { tokenIn } from './authorization.ts';
import { TokenFailure } from './failure.ts';
import { createLru } from './lru.ts';
import type { VerifiedToken } from './verify-token.ts';

/** The tokens seen lately with what came of them. */
export interface KnownTokens {
  /** The token that follows a scheme; undefined when there is not exactly one. */
  readonly find: (rest: string) => FoundToken | undefined;
}

/** A token, and what it is good for. */
export interface FoundToken {
  /** SHA-256 of the token, base64url. */
  readonly digest: string;
  readonly outcome: Eventual<VerifiedToken | TokenFailure>;
}

/** Verifies a token that is not known. */
export type Verify = (token: string) => Eventual<VerifiedToken | TokenFailure>;

interface Rejected {
  readonly failure: TokenFailure;
  readonly until: number;
}

const mostVerified = 10_000;
const mostRejected = 2_000;
const rejectedMs = 10_000;

/**
 * Remembers tokens by their SHA-256: verified ones until they end or what they were verified by is withdrawn, and those
 * that failed for a moment.
 */
export function createKnownTokens(verify: Verify, clock: Pick<Clock, 'now'>): KnownTokens {
  const verified = createLru<VerifiedToken>(mostVerified);
  const rejected = createLru<Rejected>(mostRejected);

  const keep = (digest: string, outcome: VerifiedToken | TokenFailure): void => {
    if (!(outcome instanceof TokenFailure)) verified.set(digest, outcome);
    else if (outcome.lasting) rejected.set(digest, { failure: outcome, until: clock.now() + rejectedMs });
  };

  const recall = (digest: string): VerifiedToken | TokenFailure | undefined => {
    const now = clock.now();
    const known = verified.get(digest);
    if (known !== undefined) {
      if (now < known.validUntil && known.holds()) return known;
      verified.delete(digest);
      return undefined;
    }
    const refused = rejected.get(digest);
    return refused !== undefined && now < refused.until ? refused.failure : undefined;
  };

  const learn = (token: string, digest: string): Eventual<VerifiedToken | TokenFailure> =>
    after(verify(token), (outcome) => {
      keep(digest, outcome);
      return outcome;
    });

  return {
    find: (rest) => {
      // As most clients write it, what follows the scheme is the token, and need not be taken apart again.
      const written = digestOf(rest);
      const known = recall(written);
      if (known !== undefined) return { digest: written, outcome: known };
      const token = tokenIn(rest);
      if (token === undefined) return undefined;
      // One token has one place, however its header is spelled: else one caller could push out all others.
      const digest = token === rest ? written : digestOf(token);
      return { digest, outcome: (token === rest ? undefined : recall(digest)) ?? learn(token, digest) };
    },
  };
}

function digestOf(text: string): string {
  return hash('sha256', text, 'base64url');
}
