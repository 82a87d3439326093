import { parseSpiffeId, type SpiffeId, trustDomainOf } from '../../model/spiffe-id.ts';
import { type Certificate, readCertificate, uriName } from './certificate.ts';
import { authorityFault, validityFault } from './certificate-rules.ts';
import type { Bundles } from './contract.ts';

/** An X.509-SVID that holds. */
export interface VerifiedX509Svid {
  readonly id: SpiffeId;
  /** When the first certificate of its path ends, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Why a chain speaks for no workload. */
export class SvidFault {
  readonly detail: string;
  constructor(detail: string) {
    this.detail = detail;
  }
}

/** A leaf and at most seven intermediates. */
const longestChain = 8;
const serverAuth = '1.3.6.1.5.5.7.3.1';
const clientAuth = '1.3.6.1.5.5.7.3.2';

/**
 * Verifies an X.509-SVID, its own certificate first (X509-SVID section 5): the rules of a leaf, then a path to an authority.
 *
 * INVARIANT: authorities are those of the trust domain that the leaf itself names, and of no other. Merged bundles would
 * let every trust domain speak for every other (SPIFFE Federation section 7.3).
 */
export function verifyX509Svid(
  chain: readonly Uint8Array[],
  bundles: Pick<Bundles, 'x509'>,
  now: number,
): VerifiedX509Svid | SvidFault {
  const read = readChain(chain);
  if (read instanceof SvidFault) return read;
  const [leaf, ...intermediates] = read;
  if (leaf === undefined) return new SvidFault('the chain is empty');
  const id = leafId(leaf);
  if (id instanceof SvidFault) return id;
  const time = validityFault(leaf, now);
  if (time !== undefined) return new SvidFault(`the certificate of ${id} ${time}`);
  const authorities = bundles.x509(trustDomainOf(id));
  if (authorities === undefined) return new SvidFault(`there is no bundle of the trust domain of ${id}`);
  const search = { leaf, intermediates, anchors: authorities, now };
  const expiresAt = pathEnd(search, leaf, [], { left: 32 });
  if (expiresAt === undefined) {
    return new SvidFault(`no authority of the trust domain of ${id} stands behind its certificate`);
  }
  return { id, expiresAt };
}

function readChain(chain: readonly Uint8Array[]): readonly Certificate[] | SvidFault {
  if (chain.length > longestChain)
    return new SvidFault(`the chain has more than ${longestChain} certificates`);
  try {
    return chain.map(readCertificate);
  } catch (cause) {
    return new SvidFault((cause as Error).message);
  }
}

/** The SPIFFE ID of a leaf, if it is one (X509-SVID sections 2, 4 and 5.2). */
export function leafId(leaf: Certificate): SpiffeId | SvidFault {
  const uris = leaf.names.filter(({ tag }) => tag === uriName);
  const [uri] = uris;
  if (uri === undefined || uris.length > 1) {
    return new SvidFault(`the certificate has ${uris.length} URI names, and not exactly one`);
  }
  const text = Buffer.from(uri.content).toString('latin1');
  const id = parseSpiffeId(text);
  if (id === undefined) return new SvidFault(`the URI name \`${text}\` is no SPIFFE ID of a workload`);
  const fault = leafFault(leaf);
  return fault === undefined ? id : new SvidFault(`the certificate of ${id} ${fault}`);
}

function leafFault(leaf: Certificate): string | undefined {
  const { keyUsage, purposes } = leaf;
  if (leaf.isAuthority) return 'is that of an authority, which authenticates nobody';
  if (keyUsage === undefined) return 'does not say what its key is for';
  if (keyUsage.keyCertSign || keyUsage.crlSign) return 'has a key that may sign certificates or revocations';
  if (!keyUsage.digitalSignature) return 'has a key that must not sign';
  if (purposes !== undefined && !(purposes.includes(serverAuth) && purposes.includes(clientAuth))) {
    return 'is not meant for both ends of TLS';
  }
  const [unknown] = leaf.unknownCritical;
  return unknown === undefined ? undefined : `has the critical extension ${unknown}, which is not understood`;
}

interface Search {
  readonly leaf: Certificate;
  readonly intermediates: readonly Certificate[];
  readonly anchors: readonly Certificate[];
  readonly now: number;
}

/**
 * Looks for a path from a certificate up to an anchor; the end of its shortest-lived member, or undefined. `below` are the
 * authorities under this one. Signatures to check are counted, so that no chain can cost more than a few milliseconds.
 */
function pathEnd(
  search: Search,
  from: Certificate,
  below: readonly Certificate[],
  budget: { left: number },
): number | undefined {
  const usable = (issuer: Certificate): boolean =>
    authorityFault(issuer, search.leaf, below, search.now) === undefined && hasSigned(issuer, from, budget);
  for (const anchor of search.anchors) {
    if (usable(anchor)) return Math.min(from.notAfter, anchor.notAfter);
  }
  for (const issuer of search.intermediates) {
    if (issuer === from || below.includes(issuer) || !usable(issuer)) continue;
    const end = pathEnd(search, issuer, [...below, issuer], budget);
    if (end !== undefined) return Math.min(end, from.notAfter);
  }
  return undefined;
}

function hasSigned(issuer: Certificate, subject: Certificate, budget: { left: number }): boolean {
  if (Buffer.compare(issuer.subject, subject.issuer) !== 0 || budget.left <= 0) return false;
  budget.left -= 1;
  try {
    return subject.x509.verify(issuer.x509.publicKey);
  } catch {
    // A key of a kind that OpenSSL does not verify with has signed nothing.
    return false;
  }
}
