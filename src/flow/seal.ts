import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Clock, Seal } from '../pipeline/ports.ts';

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;
const expiryBytes = 8;
const headBytes = 1 + nonceBytes;
const keyBytes = 32;

/**
 * A seal of AES-256-GCM with random 96-bit nonces (NIST SP 800-38D section 8.2.2). What is wrapped travels through the
 * client, who can neither read nor change it, nor present it under another binding.
 *
 * `key` holds 32 bytes that nobody else knows; gateways that share it open each other's handles. One key is good for
 * 2^32 handles (section 8.3). Throws on a key of another length.
 */
export function createSeal(key: Uint8Array, clock: Pick<Clock, 'now'>): Seal {
  if (key.byteLength !== keyBytes) {
    throw new Error(`the key of the seal has ${key.byteLength} bytes; it needs ${keyBytes} random ones`);
  }
  return {
    wrap: (text, binding, expiresAt) => encrypt(key, withExpiry(text, expiresAt), binding),
    unwrap: (sealed, binding) => {
      const plain = decrypt(key, sealed, binding);
      if (plain === undefined || !(plain.readDoubleBE(0) > clock.now())) return undefined;
      return plain.toString('utf8', expiryBytes);
    },
  };
}

function withExpiry(text: string, expiresAt: number): Buffer {
  const head = Buffer.alloc(expiryBytes);
  head.writeDoubleBE(expiresAt);
  return Buffer.concat([head, Buffer.from(text)]);
}

function encrypt(key: Uint8Array, plain: Buffer, binding: string): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(associated(binding));
  const body = [cipher.update(plain), cipher.final()];
  return Buffer.concat([Buffer.of(version), nonce, ...body, cipher.getAuthTag()]).toString('base64url');
}

function decrypt(key: Uint8Array, sealed: string, binding: string): Buffer | undefined {
  const bytes = Buffer.from(sealed, 'base64url');
  // Node's decoder skips what is no base64url; only the one right spelling counts.
  if (bytes.toString('base64url') !== sealed) return undefined;
  if (bytes.length < headBytes + expiryBytes + tagBytes || bytes[0] !== version) return undefined;
  const nonce = bytes.subarray(1, headBytes);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(associated(binding));
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(headBytes, -tagBytes)), decipher.final()]);
  } catch {
    // A wrong tag is how GCM says "not mine"; there is nothing more to tell.
    return undefined;
  }
}

/** The version is authenticated too, so that no later one can be passed off as this. */
function associated(binding: string): Buffer {
  return Buffer.concat([Buffer.of(version), Buffer.from(binding)]);
}
