/**
 * The DER form of an ECDSA signature (RFC 3279 section 2.2.3) given that of JWS, R and S of `half` bytes each (RFC 7518
 * section 3.4); undefined when it has another length. Halves are below 127 bytes, so every length fits into one.
 */
export function derSignature(signature: Uint8Array, half: number): Uint8Array | undefined {
  if (signature.length !== 2 * half) return undefined;
  const r = integer(signature.subarray(0, half));
  const s = integer(signature.subarray(half));
  const length = r.length + s.length;
  return Uint8Array.of(sequenceTag, length, ...r, ...s);
}

const sequenceTag = 0x30;
const integerTag = 0x02;
const signBit = 0x80;

/** The shortest form, with a zero in front where it would read as negative (X.690 section 8.3). */
function integer(bytes: Uint8Array): Uint8Array {
  let first = 0;
  while (first < bytes.length - 1 && bytes[first] === 0) first += 1;
  const digits = bytes.subarray(first);
  const padding = ((digits[0] ?? 0) & signBit) === 0 ? [] : [0];
  return Uint8Array.of(integerTag, padding.length + digits.length, ...padding, ...digits);
}
