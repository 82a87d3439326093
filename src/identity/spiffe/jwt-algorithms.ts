import { constants, type KeyObject, verify } from 'node:crypto';

interface AlgorithmFacts {
  readonly hash: string;
  /** The curve it takes; undefined: it takes RSA keys. */
  readonly curve?: string;
  /** Bytes of salt of RSASSA-PSS (RFC 7518 section 3.5); undefined: another scheme. */
  readonly salt?: number;
}

/** The only algorithms of JWT-SVIDs (JWT-SVID section 2.1). EdDSA is not among them. */
const algorithms: ReadonlyMap<string, AlgorithmFacts> = new Map<string, AlgorithmFacts>([
  ['RS256', { hash: 'sha256' }],
  ['RS384', { hash: 'sha384' }],
  ['RS512', { hash: 'sha512' }],
  ['ES256', { hash: 'sha256', curve: 'prime256v1' }],
  ['ES384', { hash: 'sha384', curve: 'secp384r1' }],
  ['ES512', { hash: 'sha512', curve: 'secp521r1' }],
  ['PS256', { hash: 'sha256', salt: 32 }],
  ['PS384', { hash: 'sha384', salt: 48 }],
  ['PS512', { hash: 'sha512', salt: 64 }],
]);

const leastModulusBits = 2048;

/** Whether an algorithm may sign JWT-SVIDs at all. */
export function isSvidAlgorithm(name: unknown): name is string {
  return typeof name === 'string' && algorithms.has(name);
}

/** Whether a key is of the one kind that an algorithm takes (RFC 8725 section 3.1). */
export function fitsSvidAlgorithm(name: string, key: KeyObject): boolean {
  const facts = algorithms.get(name);
  if (facts === undefined) return false;
  const details = key.asymmetricKeyDetails;
  if (facts.curve !== undefined) return key.asymmetricKeyType === 'ec' && details?.namedCurve === facts.curve;
  return key.asymmetricKeyType === 'rsa' && (details?.modulusLength ?? 0) >= leastModulusBits;
}

/** Verifies a signature with a key that fits. */
export function verifySvidSignature(
  name: string,
  key: KeyObject,
  signed: Uint8Array,
  signature: Uint8Array,
): boolean {
  const facts = algorithms.get(name);
  if (facts === undefined || !fitsSvidAlgorithm(name, key)) return false;
  return verify(facts.hash, signed, { key, ...schemeOf(facts) }, signature);
}

function schemeOf({ curve, salt }: AlgorithmFacts): { dsaEncoding: 'ieee-p1363' } | { padding: number } {
  if (curve !== undefined) return { dsaEncoding: 'ieee-p1363' };
  if (salt === undefined) return { padding: constants.RSA_PKCS1_PADDING };
  return { padding: constants.RSA_PKCS1_PSS_PADDING, ...{ saltLength: salt } };
}
