/** Why a token, or the proof that came with it, does not count. */
export class TokenFailure {
  /** For the record. */
  readonly detail: string;
  /** For the caller, when it helps and tells nothing secret. */
  readonly reason: string | undefined;
  /** Whether the same token would fail the same way a moment later. */
  readonly lasting: boolean;
  /** Whether the fault lies with the issuer or the shared state being out of reach, and not with the token. */
  readonly unreachable: boolean;
  /** What the challenge says (RFC 6750 section 3.1, RFC 9449 sections 7.1 and 9). */
  readonly error: TokenError;
  /** The nonce that the next proof must carry (RFC 9449 section 8). */
  readonly nonce: string | undefined;

  constructor(detail: string, more: FailureExtras = {}) {
    this.detail = detail;
    this.reason = more.reason;
    this.lasting = more.lasting ?? true;
    this.unreachable = more.unreachable ?? false;
    this.error = more.error ?? 'invalid_token';
    this.nonce = more.nonce;
  }
}

/** The error codes of a 401. */
export type TokenError = 'invalid_token' | 'invalid_dpop_proof' | 'use_dpop_nonce';

interface FailureExtras {
  readonly reason?: string;
  readonly lasting?: boolean;
  readonly unreachable?: boolean;
  readonly error?: TokenError;
  readonly nonce?: string;
}
