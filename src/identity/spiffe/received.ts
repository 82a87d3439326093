import { createPrivateKey, type KeyObject } from 'node:crypto';
import { parseTrustDomainId, type SpiffeId, type TrustDomain, trustDomainOf } from '../../model/spiffe-id.ts';
import { parseJwks, readJwtBundle } from './bundle-document.ts';
import type { BundleMap } from './bundle-store.ts';
import { type Certificate, readCertificates } from './certificate.ts';
import type { JwtAuthority } from './contract.ts';
import { leafId, SvidFault, verifyX509Svid } from './verify-x509-svid.ts';
import type {
  JWTBundlesResponse,
  X509BundlesResponse,
  X509SVID,
  X509SVIDResponse,
} from './workload-api/workload-api-messages.ts';

/** An X.509-SVID of ours. */
export interface OwnSvid {
  readonly id: SpiffeId;
  /** PEM: the chain, own certificate first. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
  /** When the first certificate of its path ends, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What a message of FetchX509SVID says. */
export interface ReceivedSvids {
  /** The default identity: the first (Workload API section 8). */
  readonly svid: OwnSvid;
  readonly bundles: BundleMap<Certificate>;
}

/**
 * Reads a message of FetchX509SVID. Throws an error that says what is wrong with it: then all of it is to be discarded
 * (Workload API section 4.5). Beyond what the standard asks, our own SVIDs are verified as a peer would, because one that no
 * peer takes must not replace one that works.
 */
export function readSvids({ svids, federatedBundles }: X509SVIDResponse, now: number): ReceivedSvids {
  const bundles = new Map(readX509Map(federatedBundles));
  const read = svids.map((svid) => ({ svid, bundle: readOwnBundle(svid) }));
  // Own bundles come last, so that a federated one cannot stand in for them; of two SVIDs of one domain the first counts.
  for (const { svid, bundle } of read.toReversed()) bundles.set(domainOf(svid), bundle);
  const [own] = read.map(({ svid }) => readOwnSvid(svid, bundles, now));
  if (own === undefined) throw new Error('the message has no SVID');
  return { svid: own, bundles };
}

/** Reads a message of FetchX509Bundles; throws likewise. */
export function readX509Bundles({ bundles }: X509BundlesResponse): BundleMap<Certificate> {
  const read = new Map(readX509Map(bundles));
  if (read.size === 0) throw new Error('the message has no bundle');
  return read;
}

/** Reads a message of FetchJWTBundles; throws likewise. */
export function readJwtBundles({ bundles }: JWTBundlesResponse): BundleMap<JwtAuthority> {
  const read = new Map(
    Object.entries(bundles).map(([key, jwks]) => [mapKey(key), readJwtBundle(parseJwks(jwks))]),
  );
  if (read.size === 0) throw new Error('the message has no bundle');
  return read;
}

function readX509Map(
  bundles: X509BundlesResponse['bundles'],
): (readonly [TrustDomain, readonly Certificate[]])[] {
  return Object.entries(bundles).map(([key, der]) => [mapKey(key), readCertificates(der)] as const);
}

function mapKey(key: string): TrustDomain {
  const domain = parseTrustDomainId(key);
  if (domain === undefined) throw new Error(`\`${key}\` is not the SPIFFE ID of a trust domain`);
  return domain;
}

function readOwnBundle({ spiffeId, bundle }: X509SVID): readonly Certificate[] {
  const authorities = readCertificates(bundle);
  if (authorities.length === 0) throw new Error(`there is no bundle with the SVID of \`${spiffeId}\``);
  return authorities;
}

function domainOf(svid: X509SVID): TrustDomain {
  return trustDomainOf(svid.spiffeId as SpiffeId);
}

function readOwnSvid(svid: X509SVID, bundles: BundleMap<Certificate>, now: number): OwnSvid {
  const chain = readCertificates(svid.x509Svid);
  const [leaf] = chain;
  if (leaf === undefined) throw new Error(`the SVID of \`${svid.spiffeId}\` has no certificate`);
  const id = leafId(leaf);
  if (id instanceof SvidFault) throw new Error(id.detail);
  if (id !== svid.spiffeId) throw new Error(`the SVID of \`${svid.spiffeId}\` has the certificate of ${id}`);
  const key = readKey(svid);
  if (!leaf.x509.checkPrivateKey(key)) throw new Error(`the SVID of ${id} has the key of another`);
  const der = chain.map((certificate) => certificate.der);
  const verified = verifyX509Svid(der, { x509: (domain) => bundles.get(domain) }, now);
  if (verified instanceof SvidFault) throw new Error(verified.detail);
  return {
    id,
    certificate: chain.map(({ x509 }) => x509.toString()).join(''),
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    expiresAt: verified.expiresAt,
  };
}

function readKey({ spiffeId, x509SvidKey }: X509SVID): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(x509SvidKey), format: 'der', type: 'pkcs8' });
  } catch {
    // What OpenSSL says of it may quote it.
    throw new Error(`the SVID of \`${spiffeId}\` has no private key that can be read`);
  }
}
