import { constants, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import type { JsonObject } from '../../../model/json.ts';

/** A key that signs JWT-SVIDs. */
export interface JwtAuthorityKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** The public key with `kid` and `use`. */
  readonly jwk: JsonObject;
  /** Signs whatever it is given. Members set to undefined are left out. */
  readonly sign: (claims: JsonObject, header?: JsonObject) => string;
}

type Kind = 'ES256' | 'ES384' | 'ES512' | 'RSA' | 'EdDSA';

function newKeys(kind: Kind): { privateKey: KeyObject; publicKey: KeyObject } {
  if (kind === 'RSA') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  if (kind === 'EdDSA') return generateKeyPairSync('ed25519');
  const curves = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' } as const;
  return generateKeyPairSync('ec', { namedCurve: curves[kind] });
}

/** Makes one. */
export function createJwtAuthority(kind: Kind = 'ES256', jwkMembers: JsonObject = {}): JwtAuthorityKey {
  const { privateKey, publicKey } = newKeys(kind);
  const kid = randomUUID();
  const alg = kind === 'RSA' ? 'RS256' : kind;
  return {
    kid,
    privateKey,
    publicKey,
    jwk: { ...(publicKey.export({ format: 'jwk' }) as JsonObject), kid, use: 'jwt-svid', ...jwkMembers },
    sign: (claims, header = {}) => {
      const full = { alg, kid, typ: 'JWT', ...header };
      const signed = `${encode(full)}.${encode(claims)}`;
      return `${signed}.${signatureOf(String(full.alg), signed, privateKey)}`;
    },
  };
}

/** Claims that hold for five minutes. */
export function svidClaims(
  sub: string,
  audience: string | readonly string[],
  more: JsonObject = {},
): JsonObject {
  return { sub, aud: audience, exp: Math.floor(Date.now() / 1000) + 300, ...more };
}

/** Base64url of JSON. */
export function encode(value: JsonObject): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Signs as the algorithm says where the key allows it, and as the key does by itself where not. */
function signatureOf(alg: string, signed: string, key: KeyObject): string {
  const hash = key.asymmetricKeyType === 'ed25519' ? null : `sha${alg.slice(2)}`;
  const padding = alg.startsWith('PS')
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {};
  return sign(hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363', ...padding }).toString(
    'base64url',
  );
}
