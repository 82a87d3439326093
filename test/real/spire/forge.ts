/** What an attacker makes with the signing keys of a `spire-server`. */
import { createPrivateKey, createPublicKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { readCertificate } from '../../../src/identity/spiffe/certificate.ts';
import { existingAuthority } from '../../../src/identity/spiffe/testing/certificate-authority.ts';
import { materialOf } from '../../../src/identity/spiffe/testing/mtls.ts';
import { mintX509, type Pair } from './domains.ts';
import type { SpireServer } from './server.ts';

interface Jwk {
  readonly use: string;
  readonly kid?: string;
  readonly x5c?: readonly string[];
}

/** An X.509-SVID of any SPIFFE ID that the authority of the server's own trust domain has signed. */
export async function forgeX509(server: SpireServer, id: string, folder: string): Promise<Pair> {
  const keys = await stolenKeys(server);
  const genuine = await mintX509(server, `spiffe://${server.domain}/genuine`, folder);
  const [, ...above] = certificatesOf(genuine);
  const roots = (await authorities(server, 'x509-svid')).map(
    ({ x5c: [text = ''] = [] }) => new X509Certificate(Buffer.from(text, 'base64')),
  );
  for (const issuer of [...above, ...roots]) {
    const key = keys.find((one) => issuer.checkPrivateKey(one));
    if (key === undefined) continue;
    const thief = existingAuthority(issuer.raw, readCertificate(issuer.raw).subject, key);
    const { chain, privateKey } = thief.issue({ uris: [id] });
    return materialOf({ chain: [...chain, ...above.map(({ raw }) => raw)], privateKey });
  }
  throw new Error(`no key of the authorities of \`${server.domain}\` lies in ${server.keys}`);
}

/** The chain of a pair, its own certificate first. */
export function certificatesOf({ cert }: Pick<Pair, 'cert'>): readonly X509Certificate[] {
  const pems = cert.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return pems.map((pem) => new X509Certificate(pem));
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
