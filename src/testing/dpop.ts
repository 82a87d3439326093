import { generateKeyPairSync, hash, type KeyObject, randomUUID, sign } from 'node:crypto';
import type { JsonObject } from '../model/json.ts';

/** A key of a sender, for tests of bound tokens (RFC 9449). */
export interface TestKey {
  readonly privateKey: KeyObject;
  /** The public key as a JWK. */
  readonly jwk: JsonObject;
  /** Its thumbprint (RFC 7638), for the `cnf.jkt` of a token. */
  readonly jkt: string;
  /** A compact JWS by this key, ES256. */
  readonly sign: (header: JsonObject, claims: JsonObject) => string;
  /** A DPoP proof for one request; `claims` and `header` change or, when undefined, remove what a good one says. */
  readonly proof: (request: ProvenRequest, claims?: JsonObject, header?: JsonObject) => string;
}

/** What a proof is for. */
export interface ProvenRequest {
  readonly method: string;
  readonly url: string;
  readonly token: string;
  /** Seconds since the epoch. */
  readonly at: number;
}

/** Makes a key on P-256. */
export function testKey(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const jwk = { crv: 'P-256', kty: 'EC', x, y };
  const compact = (header: JsonObject, claims: JsonObject): string => {
    const signed = [header, claims].map(encoded).join('.');
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    return `${signed}.${signature.toString('base64url')}`;
  };
  return {
    privateKey,
    jwk,
    jkt: hash('sha256', JSON.stringify(jwk), 'base64url'),
    sign: compact,
    proof: ({ method, url, token, at }, claims = {}, header = {}) =>
      compact(
        { typ: 'dpop+jwt', alg: 'ES256', jwk, ...header },
        {
          jti: randomUUID(),
          htm: method,
          htu: url,
          iat: at,
          ath: hash('sha256', token, 'base64url'),
          ...claims,
        },
      ),
  };
}

function encoded(part: JsonObject): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
