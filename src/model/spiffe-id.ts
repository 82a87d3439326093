import type { Branded } from './brand.ts';

/** A SPIFFE ID, such as `spiffe://company.com/agent/code-refactor` (SPIFFE-ID section 2). */
export type SpiffeId = Branded<'SpiffeId'>;

const longest = 2048;
const trustDomain = /^[a-z0-9._-]{1,255}$/;
const segment = /^[A-Za-z0-9._-]+$/;

/** Parses a SPIFFE ID that names a workload: trust domain and a path without empty or dot segments. */
export function parseSpiffeId(text: string): SpiffeId | undefined {
  if (text.length > longest || !text.startsWith('spiffe://')) return undefined;
  const [domain = '', ...path] = text.slice('spiffe://'.length).split('/');
  if (!trustDomain.test(domain) || path.length === 0) return undefined;
  return path.every(isPathSegment) ? (text as SpiffeId) : undefined;
}

function isPathSegment(text: string): boolean {
  return segment.test(text) && text !== '.' && text !== '..';
}
