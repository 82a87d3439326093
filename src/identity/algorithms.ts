import { constants, type KeyObject, verify } from 'node:crypto';
import { derSignature } from './der-signature.ts';

/** Signature algorithms a token may use (RFC 7518, RFC 8037, RFC 9864). Symmetric ones and `none` are not in the table. */
export type Algorithm = 'ES256' | 'ES384' | 'RS256' | 'PS256' | 'EdDSA' | 'Ed25519';

interface AlgorithmFacts {
  readonly hash: string | null;
  /** Whether a key is of the one kind that this algorithm takes (RFC 8725 section 3.1). */
  readonly fits: (key: KeyObject) => boolean;
  /** For ECDSA: how many bytes R and S have each. */
  readonly half?: number;
  readonly options?: Readonly<{ padding: number; saltLength: number }>;
}

const leastModulusBits = 2048;

const algorithms: Readonly<Record<Algorithm, AlgorithmFacts>> = {
  ES256: { hash: 'sha256', fits: isCurve('prime256v1'), half: 32 },
  ES384: { hash: 'sha384', fits: isCurve('secp384r1'), half: 48 },
  RS256: { hash: 'sha256', fits: isRsa },
  PS256: {
    hash: 'sha256',
    fits: isRsa,
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
  },
  EdDSA: { hash: null, fits: isEd25519 },
  Ed25519: { hash: null, fits: isEd25519 },
};

/** Every algorithm of the table. */
export const allAlgorithms: readonly Algorithm[] = Object.keys(algorithms) as readonly Algorithm[];

/** Narrows a header value to an algorithm of the table. */
export function isAlgorithm(value: unknown): value is Algorithm {
  return typeof value === 'string' && Object.hasOwn(algorithms, value);
}

/** Whether a key may verify signatures of an algorithm. */
export function fitsAlgorithm(algorithm: Algorithm, key: KeyObject): boolean {
  return algorithms[algorithm].fits(key);
}

/** Verifies a signature, on this thread: less than half the cost of a trip through WebCrypto. */
export function verifySignature(
  algorithm: Algorithm,
  key: KeyObject,
  signed: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { hash, half, options } = algorithms[algorithm];
  if (options !== undefined) return verify(hash, signed, { key, ...options }, signature);
  // The key alone: from an object that names the form of the signature, node needs half as long again.
  const read = half === undefined ? signature : derSignature(signature, half);
  return read !== undefined && verify(hash, signed, key, read);
}

function isCurve(name: string): (key: KeyObject) => boolean {
  return (key) => key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === name;
}

function isEd25519(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'ed25519';
}

function isRsa(key: KeyObject): boolean {
  return (
    key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= leastModulusBits
  );
}
