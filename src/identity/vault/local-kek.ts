import { hash } from 'node:crypto';
import type { KeyEncryptionKey } from './kek.ts';
import { openBytes, sealBytes } from './seal-bytes.ts';

const keyBytes = 32;

/** A key of 32 bytes in the memory of this process. Throws on another length. */
export function localKek(key: Uint8Array): KeyEncryptionKey {
  if (key.byteLength !== keyBytes) {
    throw new Error(`the key of the vault has ${key.byteLength} bytes and should have ${keyBytes}`);
  }
  return {
    id: `local:${hash('sha256', key).slice(0, 16)}`,
    wrap: async (dek, aad) => sealBytes(key, dek, aad),
    unwrap: async (wrapped, aad) => openBytes(key, wrapped, aad),
  };
}
