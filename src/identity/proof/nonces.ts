import { createHmac } from 'node:crypto';
import { sameText } from './same-text.ts';

/** The nonces that this resource server gives out for DPoP proofs (RFC 9449 section 9). */
export interface Nonces {
  /** The nonce of the moment; `now` in milliseconds since the epoch. */
  readonly current: (now: number) => string;
  readonly accepts: (nonce: string, now: number) => boolean;
}

/**
 * A nonce counts in its own window and in the next one, so for five to ten minutes. The window after counts too,
 * because the clock of another replica may run ahead.
 */
const windowMs = 300_000;
const leastKeyBytes = 32;

/**
 * Makes nonces that need no memory: each is a MAC of its window, so replicas with the same key agree. Nobody can make
 * one ahead of its time. Throws on a key that is too short.
 */
export function createNonces(key: Uint8Array): Nonces {
  if (key.byteLength < leastKeyBytes) {
    throw new Error(
      `the key of the DPoP nonces has ${key.byteLength} bytes; it needs at least ${leastKeyBytes} random ones`,
    );
  }
  const known = new Map<number, string>();

  const ofWindow = (window: number): string => {
    const found = known.get(window);
    if (found !== undefined) return found;
    const nonce = createHmac('sha256', key).update(`bartizan dpop nonce ${window}`).digest('base64url');
    for (const old of known.keys()) if (Math.abs(old - window) > 2) known.delete(old);
    known.set(window, nonce);
    return nonce;
  };

  return {
    current: (now) => ofWindow(Math.floor(now / windowMs)),
    accepts: (nonce, now) => {
      const window = Math.floor(now / windowMs);
      return [window, window - 1, window + 1].some((each) => sameText(nonce, ofWindow(each)));
    },
  };
}
