import { parseTrustDomain } from '../../model/spiffe-id.ts';
import { type Certificate, type GeneralName, type NameConstraint, uriName } from './certificate.ts';

/** Whether a certificate is valid now; how it is not (RFC 5280 section 4.1.2.5). */
export function validityFault(certificate: Certificate, now: number): string | undefined {
  if (now < certificate.notBefore) return `is not valid before ${certificate.x509.validFrom}`;
  if (now > certificate.notAfter) return `expired at ${certificate.x509.validTo}`;
  return undefined;
}

/**
 * Why a certificate cannot be an authority in a path, with the authorities `below` it, nearest to the leaf first (RFC
 * 5280 section 6.1.4, X509-SVID sections 3.2 and 4).
 */
export function authorityFault(
  authority: Certificate,
  leaf: Certificate,
  below: readonly Certificate[],
  now: number,
): string | undefined {
  if (!authority.isAuthority) return 'is not that of an authority';
  if (authority.keyUsage?.keyCertSign !== true) return 'has a key that must not sign certificates';
  if (isTooLong(authority, below)) return 'has more authorities below it than it may';
  if (authority.unknownCritical.length > 0) return 'has a critical extension that is not understood';
  if (!namesNoWorkload(authority)) return 'names a workload, and signs';
  return constraintFault(authority, leaf) ?? validityFault(authority, now);
}

/** Self-issued certificates do not count (RFC 5280 section 4.2.1.9). */
function isTooLong(authority: Certificate, below: readonly Certificate[]): boolean {
  if (authority.pathLength === undefined) return false;
  const counted = below.filter(({ issuer, subject }) => Buffer.compare(issuer, subject) !== 0);
  return counted.length > authority.pathLength;
}

/** If a signing certificate has a SPIFFE ID, it is that of a trust domain (X509-SVID section 3.2). */
function namesNoWorkload(authority: Certificate): boolean {
  return authority.names.every((name) => {
    const text = textOf(name);
    if (name.tag !== uriName || !text.startsWith('spiffe://')) return true;
    return parseTrustDomain(text.slice('spiffe://'.length).replace(/\/$/, '')) !== undefined;
  });
}

/**
 * Name constraints (RFC 5280 section 4.2.1.10). Those of URIs are compared with the host, which is the trust domain. Others
 * are not understood here, and refuse what carries a name of their kind.
 */
function constraintFault(authority: Certificate, leaf: Certificate): string | undefined {
  if (authority.constraints.length === 0) return undefined;
  const fits = leaf.names.every((name) => isAllowed(name, authority.constraints));
  const namesDirectory =
    authority.constraints.some(({ tag }) => tag === directoryName) && leaf.subject.length > 2;
  return fits && !namesDirectory ? undefined : 'must not sign for this name';
}

const directoryName = 4;

function isAllowed(name: GeneralName, all: readonly NameConstraint[]): boolean {
  const own = all.filter(({ tag }) => tag === name.tag);
  if (own.length === 0) return true;
  if (name.tag !== uriName) return false;
  const host =
    textOf(name)
      .replace(/^[^:]*:\/\//, '')
      .split('/')[0] ?? '';
  const excluded = own.filter(({ kind }) => kind === 'excluded');
  const permitted = own.filter(({ kind }) => kind === 'permitted');
  if (excluded.some((constraint) => covers(constraint, host))) return false;
  return permitted.length === 0 || permitted.some((constraint) => covers(constraint, host));
}

/** A leading dot stands for every name below; without one the name itself is meant. */
function covers(constraint: NameConstraint, host: string): boolean {
  const text = textOf(constraint).toLowerCase();
  return text.startsWith('.') ? host.endsWith(text) : host === text;
}

function textOf({ content }: GeneralName): string {
  return Buffer.from(content).toString('latin1');
}
