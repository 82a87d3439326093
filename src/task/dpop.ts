import { digest, type SigningKey, signed } from './jws.ts';

/** What an answer says of the proof that came with its request. */
export interface ProofAnswer {
  readonly status: number;
  /** Its `DPoP-Nonce` header. */
  readonly nonce: string | null;
}

/** Makes the proofs of one key (RFC 9449), and remembers the nonces that servers gave. */
export interface Prover {
  /** A proof for one request; with `token`, for its use at a resource. */
  readonly prove: (method: string, url: string, token?: string) => Promise<string>;
  /** Takes the nonce of an answer; true if it asks to repeat the request with it (RFC 9449 sections 8 and 9). */
  readonly learn: (url: string, answer: ProofAnswer) => boolean;
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
    learn: (url, { status, nonce }) => {
      if (nonce === null) return false;
      const { origin } = new URL(url);
      const isNew = nonces.get(origin) !== nonce;
      nonces.set(origin, nonce);
      return isNew && (status === 401 || status === 400);
    },
  };
}

/** The part of a response that {@link Prover.learn} reads. */
export function proofAnswer(response: Response): ProofAnswer {
  return { status: response.status, nonce: response.headers.get('dpop-nonce') };
}
