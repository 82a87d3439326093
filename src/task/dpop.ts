import { digest, type SigningKey, signed } from './jws.ts';

/** Makes the proofs of one key (RFC 9449), and remembers the nonces that servers gave. */
export interface Prover {
  /** A proof for one request; with `token`, for its use at a resource. */
  readonly prove: (method: string, url: string, token?: string) => Promise<string>;
  /** Takes the nonce of an answer; true if it asks to repeat the request with it (RFC 9449 sections 8 and 9). */
  readonly learn: (url: string, response: Response) => boolean;
}

/** A prover for a key. */
export function createProver(key: SigningKey): Prover {
  const nonces = new Map<string, string>();
  return {
    prove: async (method, url, token) => {
      const { origin, pathname } = new URL(url);
      const nonce = nonces.get(origin);
      return signed(
        { typ: 'dpop+jwt', jwk: key.jwk },
        {
          jti: crypto.randomUUID(),
          htm: method,
          htu: origin + pathname,
          iat: Math.floor(Date.now() / 1000),
          ...(token !== undefined && { ath: await digest(token) }),
          ...(nonce !== undefined && { nonce }),
        },
        key.privateKey,
      );
    },
    learn: (url, response) => {
      const nonce = response.headers.get('dpop-nonce');
      if (nonce === null) return false;
      const { origin } = new URL(url);
      const isNew = nonces.get(origin) !== nonce;
      nonces.set(origin, nonce);
      return isNew && (response.status === 401 || response.status === 400);
    },
  };
}
