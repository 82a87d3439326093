/** Why a token does not count. */
export class TokenFailure {
  /** For the record. */
  readonly detail: string;
  /** For the caller, when it helps and tells nothing secret. */
  readonly reason: string | undefined;
  /** Whether the same token would fail the same way a moment later. */
  readonly lasting: boolean;
  /** Whether the fault lies with the issuer's keys being out of reach, and not with the token. */
  readonly unreachable: boolean;

  constructor(detail: string, more: FailureExtras = {}) {
    this.detail = detail;
    this.reason = more.reason;
    this.lasting = more.lasting ?? true;
    this.unreachable = more.unreachable ?? false;
  }
}

interface FailureExtras {
  readonly reason?: string;
  readonly lasting?: boolean;
  readonly unreachable?: boolean;
}
