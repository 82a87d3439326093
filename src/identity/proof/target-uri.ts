const unreserved = /[A-Za-z0-9._~-]/;
const escaped = /%[0-9A-Fa-f]{2}/g;

/**
 * Whether an `htu` names a URL, after normalization by syntax and scheme (RFC 3986 sections 6.2.2 and 6.2.3) and without
 * query and fragment (RFC 9449 section 4.3).
 */
export function namesTarget(htu: string, url: string): boolean {
  if (htu === url) return true;
  const named = normalized(htu);
  return named !== undefined && named === normalized(url);
}

function normalized(text: string): string | undefined {
  // The parser drops control characters and blanks; a URI has none (RFC 3986 section 2).
  if (/[^\x21-\x7e]/.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, username, password, host, pathname } = new URL(text);
  if (protocol !== 'https:' && protocol !== 'http:') return undefined;
  if (username !== '' || password !== '') return undefined;
  return `${protocol}//${host}${pathname.replace(escaped, plainest)}`;
}

function plainest(octet: string): string {
  const character = String.fromCharCode(Number.parseInt(octet.slice(1), 16));
  return unreserved.test(character) ? character : octet.toUpperCase();
}
