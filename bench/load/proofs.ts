import { createPrivateKey, hash, type JsonWebKey, randomBytes, sign } from 'node:crypto';
import type { JsonObject } from '../../src/model/json.ts';
import type { Listening } from '../protocol.ts';

/** Makes one DPoP proof after the other (RFC 9449 section 4.2), all of one length. */
export interface Proofs {
  readonly length: number;
  readonly next: () => string;
}

/** For POSTs to one address with the token that stands in its headers. The key is a private one of P-256. */
export const createProofs = ({ url, headers }: Listening, jwk: JsonObject): Proofs => {
  const key = createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' });
  const { d: _, ...open } = jwk;
  const head = encoded({ typ: 'dpop+jwt', alg: 'ES256', jwk: open });
  const token = (headers['Authorization'] ?? '').replace(/^DPoP /, '');
  const ath = hash('sha256', token, 'base64url');
  const next = (): string => {
    const jti = randomBytes(16).toString('base64url');
    const iat = Math.floor(Date.now() / 1000);
    const text = `${head}.${encoded({ jti, htm: 'POST', htu: url, iat, ath })}`;
    const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
  };
  return { length: next().length, next };
};

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
