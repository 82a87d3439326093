import type { EpochKey } from '../pipeline/store-ports.ts';

/** What is known in this process of revocation epochs. Asked on every call, so it must not wait for anything. */
export interface Revoked {
  /**
   * Whether one of the keys has an epoch at or after `issuedAt` (milliseconds since the epoch).
   *
   * Most tokens say the second of their issue alone (RFC 7519 section 2). Such a token counts as issued at the beginning
   * of that second, so a revocation takes everything issued in the same second with it, before or after: whoever logs
   * in again that fast must do so once more. A token without `iat` counts as issued at 0.
   */
  readonly isRevoked: (keys: readonly EpochKey[], issuedAt: number) => boolean;
}
