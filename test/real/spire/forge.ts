/** What an attacker makes with the signing keys of a `spire-server`. */
import { createPrivateKey, createPublicKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { readCertificate } from '../../../src/identity/spiffe/certificate.ts';
import { existingAuthority } from '../../../src/identity/spiffe/testing/certificate-authority.ts';
import { materialOf } from '../../../src/identity/spiffe/testing/mtls.ts';
import type { Pair } from './domains.ts';
import type { SpireServer } from './server.ts';

interface Jwk {
  readonly use: string;
  readonly kid?: string;
  readonly x5c?: readonly string[];
}

/** An X.509-SVID of any SPIFFE ID that an authority of the server's own trust domain has signed. */
export async function forgeX509(server: SpireServer, id: string): Promise<Pair> {
  const keys = await stolenKeys(server);
  for (const { x5c: [text = ''] = [] } of await authorities(server, 'x509-svid')) {
    const der = Buffer.from(text, 'base64');
    const key = keys.find((one) => new X509Certificate(der).checkPrivateKey(one));
    if (key === undefined) continue;
    const thief = existingAuthority(der, readCertificate(der).subject, key);
    return materialOf(thief.issue({ uris: [id] }));
  }
  throw new Error(`no key of the authorities of \`${server.domain}\` lies in ${server.keys}`);
}

/** A JWT-SVID with any claims that the server's own key for JWT-SVIDs has signed. */
export async function forgeJwt(server: SpireServer, claims: object): Promise<string> {
  const keys = await stolenKeys(server);
  for (const jwk of await authorities(server, 'jwt-svid')) {
    const spki = createPublicKey({ key: jwk as never, format: 'jwk' });
    const key = keys.find((one) => createPublicKey(one).equals(spki));
    if (key === undefined) continue;
    const signed = [{ alg: 'ES256', kid: jwk.kid, typ: 'JWT' }, claims].map(encode).join('.');
    const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
    return `${signed}.${signature.toString('base64url')}`;
  }
  throw new Error(`no key for JWT-SVIDs of \`${server.domain}\` lies in ${server.keys}`);
}

async function authorities(server: SpireServer, use: string): Promise<readonly Jwk[]> {
  const { keys } = JSON.parse(await server.bundle()) as { keys: Jwk[] };
  return keys.filter((jwk) => jwk.use === use);
}

async function stolenKeys({ keys }: SpireServer): Promise<readonly KeyObject[]> {
  const file = JSON.parse(await readFile(keys, 'utf8')) as { keys: Record<string, string> };
  return Object.values(file.keys).map((text) =>
    createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' }),
  );
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
