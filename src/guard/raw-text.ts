import { isAscii } from 'node:buffer';

/** A JSON text as bytes, with what decides whether its strings must be decoded to be read. */
export interface RawText {
  readonly bytes: Uint8Array;
  readonly ascii: boolean;
  /**
   * Some character may stand there in another spelling than its own byte, or is a control character: an escape
   * `\u`, `\/`, `\b`, `\f` (RFC 8259 section 7) or a raw DEL. Raw control characters below space cannot occur, the
   * strict reader refuses them.
   */
  readonly disguised: boolean;
}

/** Looks at a JSON text once, without decoding it. */
export function rawText(bytes: Uint8Array): RawText {
  const first = bytes.indexOf(backslash);
  return {
    bytes,
    ascii: isAscii(bytes),
    disguised: bytes.includes(0x7f) || (first >= 0 && hasOddEscape(bytes, first)),
  };
}

const backslash = 0x5c;

function hasOddEscape(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at < bytes.length; at++) {
    if (bytes[at] !== backslash) continue;
    at += 1;
    if (isOdd(bytes[at])) return true;
  }
  return false;
}

function isOdd(letter: number | undefined): boolean {
  return letter === 0x75 || letter === 0x2f || letter === 0x62 || letter === 0x66;
}
