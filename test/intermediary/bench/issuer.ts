import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import type { JsonObject } from '../../../src/model/json.ts';
import { type Ending, scriptedUpstream } from './scripted-upstream.ts';

/** An authorization server with one ES256 key, whose key set a gateway can fetch. */
export interface LocalIssuer {
  readonly issuer: string;
  /** The entry of `identity.issuers`. */
  readonly entry: JsonObject;
  /** A token with these claims beside the usual ones; `undefined` in JSON terms is not there. */
  readonly token: (claims: JsonObject, header?: JsonObject) => string;
  /** A token of the right form, signed with another key. */
  readonly forged: (claims: JsonObject) => string;
}

/** Starts an issuer for one test file or test. */
export async function localIssuer(t: Ending): Promise<LocalIssuer> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = randomUUID();
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' };
  const { url } = await scriptedUpstream(
    t,
    (_, answer) => answer.bytes(JSON.stringify({ keys: [jwk] })),
    '/jwks',
  );
  const issuer = new URL(url).origin;
  const token = (key: KeyObject, claims: JsonObject, header: JsonObject = {}): string => {
    const now = Math.floor(Date.now() / 1000);
    const usual = {
      iss: issuer,
      sub: 'ada',
      client_id: 'tester',
      iat: now,
      exp: now + 600,
      jti: randomUUID(),
    };
    const parts = [
      { typ: 'at+jwt', alg: 'ES256', kid, ...header },
      { ...usual, ...claims },
    ];
    const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  return {
    issuer,
    entry: { issuer, jwksUri: url },
    token: (claims, header) => token(privateKey, claims, header),
    forged: (claims) => token(stranger, claims),
  };
}
