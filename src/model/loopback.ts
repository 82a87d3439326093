/**
 * Whether a host name or address reaches this machine alone: `localhost`, `127.0.0.0/8` (RFC 1122 section 3.2.1.3), `::1`
 * with or without the brackets of a URL.
 *
 * INVARIANT: this is the one place that says so. What is loopback may do without TLS and issuers, and so it must also
 * be where Host headers are checked.
 */
export function isLoopbackHost(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}
