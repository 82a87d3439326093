import { isJsonObject, type JsonObject } from '../../model/json.ts';
import { type Algorithm, isAlgorithm, verifySignature } from '../algorithms.ts';
import { TokenFailure } from '../failure.ts';
import type { Lru } from '../lru.ts';
import { isNumericDate } from '../numeric-date.ts';
import { parseUnverified, type UnverifiedJwt } from '../parse-jwt.ts';
import { keyOf, type VerificationKey } from '../verification-key.ts';
import { namesTarget } from './target-uri.ts';
import { thumbprintOf } from './thumbprint.ts';

/** What a proof must say. */
export interface ProofDemand {
  /** The thumbprint of the key that the token is bound to. */
  readonly jkt: string;
  /** SHA-256 of the token, base64url. */
  readonly ath: string;
  readonly method: string;
  readonly url: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How old a proof may be, in seconds. */
  readonly maxSeconds: number;
  readonly keys: Lru<ProofKey>;
}

/** A key that signed a proof for a token bound to it, remembered by the text of its JWK. */
export interface ProofKey {
  readonly jkt: string;
  readonly key: VerificationKey;
}

/** A proof that holds, except that it may have been used before, and that its nonce is not compared. */
export interface CheckedProof {
  readonly jti: string;
  readonly nonce: string | undefined;
  /** After this no proof with its `iat` counts any more, in milliseconds since the epoch. */
  readonly staleAt: number;
}

const longestProof = 8_192;
const longestJti = 256;
/** How far the sender's clock may run ahead, in seconds. */
const aheadSeconds = 30;
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** Checks one DPoP proof (RFC 9449 section 4.3), the cheap parts first and the signature last. Never throws. */
export function checkProof(text: string, demand: ProofDemand): CheckedProof | TokenFailure {
  // Two headers arrive as one with a comma, which no JWS holds.
  const jwt =
    text.length > longestProof
      ? new TokenFailure(`it has more than ${longestProof} characters`)
      : parseUnverified(text);
  if (jwt instanceof TokenFailure) return badProof(`not one JWT: ${jwt.detail}`);
  const signing = signingOf(jwt.header, demand);
  if (signing instanceof TokenFailure) return signing;
  return claimFault(jwt.claims, demand) ?? signatureFault(jwt, signing) ?? checked(jwt.claims, demand);
}

interface Signing {
  readonly algorithm: Algorithm;
  readonly key: VerificationKey;
}

function signingOf(header: JsonObject, demand: ProofDemand): Signing | TokenFailure {
  const { typ, alg, jwk, crit } = header as { readonly [member: string]: unknown };
  if (typ !== 'dpop+jwt') return badProof(`its type is \`${short(typ)}\`, not \`dpop+jwt\``);
  if (crit !== undefined) return badProof('it has critical header members, and none is understood');
  if (!isAlgorithm(alg)) return badProof(`its algorithm \`${short(alg)}\` is not allowed`);
  if (!isJsonObject(jwk)) return badProof('it holds no `jwk`');
  const key = boundKey(jwk, demand);
  if (key instanceof TokenFailure) return key;
  return key.algorithms.includes(alg)
    ? { algorithm: alg, key }
    : badProof(`its \`jwk\` is no public key for ${alg}`);
}

/** INVARIANT: only keys that a token is bound to are imported and remembered, so strangers cannot fill the memory. */
function boundKey(jwk: JsonObject, { jkt, keys }: ProofDemand): VerificationKey | TokenFailure {
  const text = JSON.stringify(jwk);
  const known = keys.get(text);
  if (known?.jkt === jkt) return known.key;
  if (privateMembers.some((member) => Object.hasOwn(jwk, member))) {
    return badProof('its `jwk` holds a private or symmetric key: make a new key and keep it secret');
  }
  if (thumbprintOf(jwk) !== jkt) return badProof('it is signed by another key than the token is bound to');
  const key = keyOf(jwk);
  if (key === undefined) return badProof('its `jwk` is no public key for signatures');
  keys.set(text, { jkt, key });
  return key;
}

function claimFault(claims: JsonObject, demand: ProofDemand): TokenFailure | undefined {
  const { jti, htm, htu, ath, nonce } = claims as { readonly [claim: string]: unknown };
  if (typeof jti !== 'string' || jti === '' || jti.length > longestJti) {
    return badProof(`its \`jti\` is not a text of 1 to ${longestJti} characters`);
  }
  if (htm !== demand.method) return badProof(`it is for the method \`${short(htm)}\``);
  if (typeof htu !== 'string' || !namesTarget(htu, demand.url)) {
    return badProof(`it is for \`${short(htu)}\`, not for \`${demand.url}\``);
  }
  if (ath !== demand.ath) return badProof('it is for another access token (`ath`)');
  if (nonce !== undefined && typeof nonce !== 'string') return badProof('its `nonce` is not a text');
  return timeFault(claims, demand);
}

function timeFault(claims: JsonObject, { now, maxSeconds }: ProofDemand): TokenFailure | undefined {
  const { iat, exp, nbf } = claims as { readonly [claim: string]: unknown };
  const seconds = now / 1000;
  if (!isNumericDate(iat)) return badProof('its `iat` is not a number');
  if (seconds - iat > maxSeconds) {
    return badProof(`it is ${Math.round(seconds - iat)} s old; ${maxSeconds} s are allowed`);
  }
  if (iat - seconds > aheadSeconds) {
    return badProof(`it was made ${Math.round(iat - seconds)} s from now: set the clock of the sender`);
  }
  if (exp !== undefined && !(isNumericDate(exp) && seconds < exp)) return badProof('it has expired (`exp`)');
  if (nbf !== undefined && !(isNumericDate(nbf) && seconds >= nbf - aheadSeconds)) {
    return badProof('it is not valid yet (`nbf`)');
  }
  return undefined;
}

function signatureFault(jwt: UnverifiedJwt, { algorithm, key }: Signing): TokenFailure | undefined {
  return verifySignature(algorithm, key.key, jwt.signed, jwt.signature)
    ? undefined
    : badProof('its signature is wrong');
}

function checked({ jti, nonce, iat }: JsonObject, { maxSeconds }: ProofDemand): CheckedProof {
  return {
    jti: String(jti),
    nonce: typeof nonce === 'string' ? nonce : undefined,
    // Another replica's clock may run behind.
    staleAt: (Number(iat) + maxSeconds + aheadSeconds) * 1000,
  };
}

function badProof(fault: string): TokenFailure {
  return new TokenFailure(`the DPoP proof does not count: ${fault}`, {
    reason: 'the DPoP proof does not fit this request',
    lasting: false,
    error: 'invalid_dpop_proof',
  });
}

function short(value: unknown): string {
  return String(typeof value === 'object' ? JSON.stringify(value) : value).slice(0, 200);
}
