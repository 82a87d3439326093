import { after, type Eventual } from '../../model/eventual.ts';
import { faultMessage } from '../../model/fault-message.ts';
import type { Clock, Credentials } from '../../pipeline/ports.ts';
import type { ReplayCache } from '../../pipeline/store-ports.ts';
import type { Scheme } from '../authorization.ts';
import { TokenFailure } from '../failure.ts';
import { createLru } from '../lru.ts';
import type { ReadToken } from '../read-claims.ts';
import { isBound } from './confirmation.ts';
import { type CheckedProof, checkProof, type ProofKey } from './dpop-proof.ts';
import { createNonces } from './nonces.ts';
import { replayKey } from './replay-key.ts';
import { sameText } from './same-text.ts';

/** How senders prove the keys of their tokens. */
export interface ProofOptions {
  /** Remembers used proofs, for all replicas. Without it no DPoP proof counts. */
  readonly replay?: ReplayCache;
  /** `required`: tokens bound to no key are refused, unless their issuer says otherwise. Default `optional`. */
  readonly senderConstrained?: 'optional' | 'required';
  /** `required`: every DPoP proof carries a nonce of this gateway. Default `optional`: nonces are not looked at. */
  readonly nonce?: 'optional' | 'required';
  /** For `nonce: required`: at least 32 secret bytes, the same for all replicas. */
  readonly nonceKey?: Uint8Array;
  /** How old a DPoP proof may be, in seconds. Default 300. */
  readonly proofSeconds?: number;
}

/** Checks that a token is shown by whom it was issued to: by the holder of its key (RFC 7800 section 1). */
export interface PossessionCheck {
  /** Whether DPoP proofs can count. */
  readonly dpop: boolean;
  /** What is wrong; undefined when nothing is. Every call must be proven, also for a token seen before. */
  readonly check: (
    shown: Shown,
    token: ReadToken,
    credentials: Credentials,
  ) => Eventual<TokenFailure | undefined>;
}

/** How a token was shown. */
export interface Shown {
  readonly scheme: Scheme;
  /** SHA-256 of the token, base64url: what `ath` must be. */
  readonly digest: string;
}

const mostKeys = 2_000;
const defaultSeconds = 300;

/** Makes one. Throws on options that cannot work. */
export function createPossessionCheck(options: ProofOptions, clock: Pick<Clock, 'now'>): PossessionCheck {
  const { replay, senderConstrained = 'optional', proofSeconds = defaultSeconds } = options;
  if (!(proofSeconds > 0)) throw new Error(`\`proofSeconds\` is ${proofSeconds}; give more than 0 seconds`);
  const nonces = noncesOf(options);
  const keys = createLru<ProofKey>(mostKeys);
  // One request may be identified more than once, for instance before its large body is read: its proof is claimed once.
  const proven = new WeakMap<Credentials, string>();

  const checkKey = (
    jkt: string,
    { digest }: Shown,
    { header, method, url }: Credentials,
  ): Eventual<TokenFailure | undefined> => {
    const text = header('dpop');
    if (replay === undefined) return new TokenFailure('there is no replay cache, so no DPoP proof counts');
    if (text === undefined) return missingProof;
    const now = clock.now();
    const proof = checkProof(text, { jkt, ath: digest, method, url, now, maxSeconds: proofSeconds, keys });
    if (proof instanceof TokenFailure) return proof;
    if (nonces !== undefined && !(proof.nonce !== undefined && nonces.accepts(proof.nonce, now))) {
      return staleNonce(nonces.current(now));
    }
    return claimOnce(replay, jkt, proof);
  };

  return {
    dpop: replay !== undefined,
    check: (shown, token, credentials) => {
      const { confirmation } = token;
      const fault =
        schemeFault(shown.scheme, token, senderConstrained) ?? certificateFault(token, credentials);
      if (fault !== undefined || confirmation.jkt === undefined) return fault;
      if (proven.get(credentials) === shown.digest) return undefined;
      return after(checkKey(confirmation.jkt, shown, credentials), (refused) => {
        if (refused === undefined) proven.set(credentials, shown.digest);
        return refused;
      });
    },
  };
}

function noncesOf({ nonce, nonceKey }: ProofOptions): ReturnType<typeof createNonces> | undefined {
  if (nonce !== 'required') return undefined;
  if (nonceKey === undefined) throw new Error('`nonce: required` needs a `nonceKey` that all replicas share');
  return createNonces(nonceKey);
}

/** RFC 9449 section 7.1 and 7.2: a bound token is no bearer token, and a bearer token is not bound by its scheme. */
function schemeFault(
  scheme: Scheme,
  { confirmation, issuer }: ReadToken,
  senderConstrained: 'optional' | 'required',
): TokenFailure | undefined {
  if (confirmation.jkt !== undefined && scheme !== 'DPoP') {
    return misused('the token is bound to a key (`cnf.jkt`) and was shown as a bearer token', {
      reason: 'the access token is bound to a key: show it with the DPoP scheme and a proof',
    });
  }
  if (confirmation.jkt === undefined && scheme === 'DPoP') {
    return misused('the token is bound to no DPoP key and was shown with the DPoP scheme', {
      reason: 'the access token is not bound to a DPoP key',
    });
  }
  if (isBound(confirmation) || (issuer.senderConstrained ?? senderConstrained) !== 'required')
    return undefined;
  return misused('the token is bound to no key, and `senderConstrained` is `required`', {
    reason: 'access tokens must be bound to a key here: ask for one with DPoP or mutual TLS',
  });
}

/** RFC 8705 section 3. Whoever issued the certificate does not matter: the token names it, and TLS proved its key. */
function certificateFault(
  { confirmation }: ReadToken,
  { certificate }: Credentials,
): TokenFailure | undefined {
  if (confirmation.certificate === undefined) return undefined;
  if (certificate === undefined) {
    return misused('the token is bound to a certificate (`cnf.x5t#S256`), and the connection shows none', {
      reason: 'the access token is bound to a client certificate: use it over mutual TLS',
    });
  }
  if (sameText(certificate.thumbprint, confirmation.certificate)) return undefined;
  return misused('the token is bound to another certificate than that of the connection', {
    reason: 'the access token is bound to another client certificate',
  });
}

/** INVARIANT: the last step. A proof that fails elsewhere is not used up, and one that counts is counted once. */
function claimOnce(
  replay: ReplayCache,
  jkt: string,
  { jti, staleAt }: CheckedProof,
): Eventual<TokenFailure | undefined> {
  try {
    const claimed = after(replay.claim(replayKey(jkt, jti), staleAt), (first) =>
      first === true ? undefined : replayed,
    );
    return claimed instanceof Promise ? claimed.catch(forgotten) : claimed;
  } catch (cause) {
    return forgotten(cause);
  }
}

function forgotten(cause: unknown): TokenFailure {
  return new TokenFailure(`the replay cache cannot be asked: ${faultMessage(cause)}`, {
    reason: 'proofs cannot be checked at the moment',
    lasting: false,
    unreachable: true,
  });
}

const replayed = new TokenFailure('the DPoP proof was used before (`jti`)', {
  reason: 'the DPoP proof was used before: make a new one for every request',
  lasting: false,
  error: 'invalid_dpop_proof',
});

const missingProof = new TokenFailure('the token was shown with the DPoP scheme and without a proof', {
  reason: 'the DPoP header with the proof is missing',
  lasting: false,
  error: 'invalid_dpop_proof',
});

function staleNonce(nonce: string): TokenFailure {
  return new TokenFailure('the DPoP proof carries no nonce of the moment', {
    reason: 'the DPoP proof must carry the nonce of the DPoP-Nonce header',
    lasting: false,
    error: 'use_dpop_nonce',
    nonce,
  });
}

function misused(detail: string, more: { readonly reason: string }): TokenFailure {
  return new TokenFailure(detail, { ...more, lasting: false });
}
