/**
 * A key that encrypts other keys. It may be a file, a hardware module or the service of a cloud: for AWS KMS `wrap` is
 * `Encrypt` and `unwrap` is `Decrypt` with the additional data as `EncryptionContext`, for Google Cloud KMS `encrypt` and
 * `decrypt` with `additionalAuthenticatedData`, for Vault and OpenBao `transit/encrypt` and `transit/decrypt` with
 * `associated_data`.
 *
 * INVARIANT: `unwrap` rejects when the wrapped key or the additional data differ in one bit from what `wrap` was given.
 */
export interface KeyEncryptionKey {
  /** Names the key in what it wrapped, so that the right one is found after a change. Not secret. */
  readonly id: string;
  readonly wrap: (key: Uint8Array, aad: Uint8Array) => Promise<Uint8Array>;
  readonly unwrap: (wrapped: Uint8Array, aad: Uint8Array) => Promise<Uint8Array>;
}
