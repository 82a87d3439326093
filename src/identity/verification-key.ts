import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { arrayMember, isJsonObject, type JsonObject, stringMember } from '../model/json.ts';
import { type Algorithm, allAlgorithms, fitsAlgorithm } from './algorithms.ts';

/** A public key of an issuer. */
export interface VerificationKey {
  readonly kid: string | undefined;
  readonly key: KeyObject;
  /** The algorithms it may verify: those of its kind, or the one its JWK names. */
  readonly algorithms: readonly Algorithm[];
  /** The same for the same key under the same name. */
  readonly print: string;
}

/** The usable keys of a JWK set (RFC 7517 section 5). Throws when the set is none. */
export function keysOfSet(set: JsonObject): readonly VerificationKey[] {
  const keys = arrayMember(set, 'keys');
  if (keys === undefined) throw new Error('the answer is no JWK set: it has no array `keys`');
  return keys.filter(isJsonObject).flatMap((jwk) => keyOf(jwk) ?? []);
}

/** Reads a JWK; undefined for one that must not verify tokens (RFC 7517 section 5: keys not understood are ignored). */
export function keyOf(jwk: JsonObject): VerificationKey | undefined {
  if (!isForSignatures(jwk)) return undefined;
  const key = importPublic(jwk);
  if (key === undefined) return undefined;
  const named = jwk['alg'];
  const algorithms = allAlgorithms.filter(
    (alg) => fitsAlgorithm(alg, key) && (named === undefined || named === alg),
  );
  if (algorithms.length === 0) return undefined;
  const kid = stringMember(jwk, 'kid');
  const spki = key.export({ type: 'spki', format: 'der' }).toString('base64');
  return { kid, key, algorithms, print: JSON.stringify([kid ?? null, algorithms, spki]) };
}

/** Symmetric and private keys in a published set are a fault of the issuer: everybody could sign with them. */
function isForSignatures(jwk: JsonObject): boolean {
  const { kty, d, use } = jwk as { readonly [member: string]: unknown };
  const operations = arrayMember(jwk, 'key_ops');
  if (kty === 'oct' || d !== undefined) return false;
  return (use === undefined || use === 'sig') && (operations === undefined || operations.includes('verify'));
}

function importPublic(jwk: JsonObject): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
  } catch {
    return undefined;
  }
}
