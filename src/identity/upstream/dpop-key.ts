import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
  webcrypto,
} from 'node:crypto';
import type { JsonObject } from '../../model/json.ts';

/** The key that the tokens of one connection are bound to (RFC 9449). ES256, which every server must know. */
export interface DpopKey {
  /** The private JWK, for the vault alone. */
  readonly jwk: JsonObject;
  /** A proof for one request (section 4.2). The URL has neither query nor fragment. */
  readonly proof: (request: ProvenRequest) => string;
  /** The same key for the requests at the authorization server. */
  readonly pair: () => Promise<webcrypto.CryptoKeyPair>;
}

/** What a proof is about. */
export interface ProvenRequest {
  readonly method: string;
  readonly url: string;
  readonly accessToken: string;
  readonly nonce: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Makes a new key. */
export function newDpopKey(): DpopKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return dpopKey(privateKey.export({ format: 'jwk' }) as JsonObject);
}

/** Reads a key back. Throws if it is none. */
export function dpopKey(jwk: JsonObject): DpopKey {
  const key = createPrivateKey({ format: 'jwk', key: jwk });
  const { kty, crv, x, y } = jwk;
  const header = encoded({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } });
  return {
    jwk,
    proof: (request) => signed(key, `${header}.${encoded(claimsOf(request))}`),
    pair: () => pairOf(jwk),
  };
}

function claimsOf({ method, url, accessToken, nonce, now }: ProvenRequest): JsonObject {
  return {
    jti: randomUUID(),
    htm: method,
    htu: url,
    iat: Math.floor(now / 1000),
    ath: createHash('sha256').update(accessToken).digest('base64url'),
    ...(nonce !== undefined && { nonce }),
  };
}

function signed(key: KeyObject, input: string): string {
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

function encoded(value: JsonObject): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

async function pairOf(jwk: JsonObject): Promise<webcrypto.CryptoKeyPair> {
  const { d: _secret, ...open } = jwk;
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const { subtle } = webcrypto;
  return {
    privateKey: await subtle.importKey('jwk', jwk as webcrypto.JsonWebKey, algorithm, false, ['sign']),
    publicKey: await subtle.importKey('jwk', open as webcrypto.JsonWebKey, algorithm, true, ['verify']),
  };
}
