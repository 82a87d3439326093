import { isLoopbackHost } from '../../model/loopback.ts';

/** Whether a redirect URI reaches an application on the user's own machine (RFC 8252 section 7). */
export function isNativeRedirect(uri: string): boolean {
  if (!URL.canParse(uri)) return false;
  const { protocol, hostname } = new URL(uri);
  return protocol === 'http:' ? isLoopbackHost(hostname) : protocol !== 'https:';
}

/** Whether answers can go to a redirect URI without being read on the way (OAuth 2.1 section 2.3.1). */
export function isSafeRedirect(uri: string): boolean {
  if (!URL.canParse(uri)) return false;
  const { protocol, hostname } = new URL(uri);
  return protocol !== 'http:' || isLoopbackHost(hostname);
}
