/** How a token is shown: RFC 6750 section 2.1, RFC 9449 section 7.1. */
export type Scheme = 'Bearer' | 'DPoP';

/** An `Authorization` header taken apart. */
export interface Authorization {
  readonly scheme: Scheme;
  /** What follows the first blank; it may be no token. */
  readonly rest: string;
}

const token68 = /^ *([A-Za-z0-9._~+/-]+=*)$/;

/** Reads the scheme, which is case-insensitive (RFC 9110 section 11.1); undefined for another one, or none. */
export function readAuthorization(header: string | undefined): Authorization | undefined {
  if (header === undefined) return undefined;
  const blank = header.indexOf(' ');
  const name = (blank === -1 ? header : header.slice(0, blank)).toLowerCase();
  const rest = blank === -1 ? '' : header.slice(blank + 1);
  if (name === 'bearer') return { scheme: 'Bearer', rest };
  return name === 'dpop' ? { scheme: 'DPoP', rest } : undefined;
}

/** The one token that follows a scheme (RFC 9110 section 11.2); undefined for anything else. */
export function tokenIn(rest: string): string | undefined {
  return token68.exec(rest)?.[1];
}
