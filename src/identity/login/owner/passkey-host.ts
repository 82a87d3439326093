import { isIP } from 'node:net';

/** Browsers bind passkeys to domains, never to addresses (Web Authentication section 5.1.2: "valid domain"). */
export function isPasskeyHost(hostname: string): boolean {
  return isIP(hostname.replaceAll(/[[\]]/g, '')) === 0;
}
