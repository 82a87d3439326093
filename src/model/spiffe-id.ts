import type { Branded } from './brand.ts';

/** A SPIFFE ID, such as `spiffe://company.com/agent/code-refactor` (SPIFFE-ID section 2). */
export type SpiffeId = Branded<'SpiffeId'>;

/** The name of a trust domain, such as `company.com`, without the scheme (SPIFFE-ID section 2.1). */
export type TrustDomain = Branded<'TrustDomain'>;

/**
 * A SPIFFE ID, or every SPIFFE ID below a path: `spiffe://company.com/agent/*` stands for one or more segments behind
 * `/agent/`, `spiffe://company.com/*` for every workload of the trust domain.
 */
export type SpiffePattern = Branded<'SpiffePattern'>;

const longest = 2048;
const scheme = 'spiffe://';
const trustDomain = /^[a-z0-9._-]{1,255}$/;
const segment = /^[A-Za-z0-9._-]+$/;

/** Parses a SPIFFE ID that names a workload: trust domain and a path without empty or dot segments. */
export function parseSpiffeId(text: string): SpiffeId | undefined {
  if (text.length > longest || !text.startsWith(scheme)) return undefined;
  const [domain = '', ...path] = text.slice(scheme.length).split('/');
  if (!trustDomain.test(domain) || path.length === 0) return undefined;
  return path.every(isPathSegment) ? (text as SpiffeId) : undefined;
}

/** Parses the name of a trust domain. */
export function parseTrustDomain(name: string): TrustDomain | undefined {
  return trustDomain.test(name) ? (name as TrustDomain) : undefined;
}

/** Parses the SPIFFE ID of a trust domain, `spiffe://company.com`: the key of the maps of bundles (Workload API 5.1). */
export function parseTrustDomainId(text: string): TrustDomain | undefined {
  return text.startsWith(scheme) ? parseTrustDomain(text.slice(scheme.length)) : undefined;
}

/** The trust domain of a SPIFFE ID or of all that a pattern stands for. */
export function trustDomainOf(id: SpiffeId | SpiffePattern): TrustDomain {
  const [domain = ''] = id.slice(scheme.length).split('/');
  return domain as TrustDomain;
}

/** Parses a pattern. A star stands alone in the last segment; anywhere else it is no pattern. */
export function parseSpiffePattern(text: string): SpiffePattern | undefined {
  const fixed = text.endsWith('/*') ? `${text.slice(0, -1)}any` : text;
  return parseSpiffeId(fixed) === undefined ? undefined : (text as SpiffePattern);
}

/** Whether a pattern stands for a SPIFFE ID. The trust domain is compared as a whole, so no suffix can be appended. */
export function matchesSpiffePattern(pattern: SpiffePattern, id: SpiffeId): boolean {
  if (!pattern.endsWith('/*')) return (pattern as string) === (id as string);
  return id.startsWith(pattern.slice(0, -1));
}

function isPathSegment(text: string): boolean {
  return segment.test(text) && text !== '.' && text !== '..';
}
