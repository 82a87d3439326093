import { isAscii } from 'node:buffer';
import { mayHide } from './hidden-text/find-hidden.ts';

/** A JSON text as bytes, with what decides whether its strings must be decoded to be read. */
export interface RawText {
  readonly bytes: Buffer;
  /**
   * Some character may stand there in another spelling than its own byte, or may be hidden: an escape `\u`, `\/`,
   * `\b`, `\f` (RFC 8259 section 7), a raw DEL, a character that does not show. Raw control characters below space
   * cannot occur, the strict reader refuses them.
   */
  readonly disguised: boolean;
}

/** Looks at a JSON text once, without taking it apart. */
export function rawText(text: Uint8Array): RawText {
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.length);
  const disguised = bytes.includes(0x7f) || hasOddEscape(bytes) || holdsHidden(bytes);
  return { bytes, disguised };
}

function holdsHidden(bytes: Buffer): boolean {
  return !isAscii(bytes) && mayHide(bytes.toString('utf8'));
}

const backslash = 0x5c;

/** Looks at the letter after each backslash. The last byte of a JSON text is never a backslash. */
function hasOddEscape(bytes: Buffer): boolean {
  const first = bytes.indexOf(backslash);
  if (first < 0) return false;
  const last = bytes.length - 1;
  for (let at = first; at < last; at++) {
    if (bytes[at] !== backslash) continue;
    at += 1;
    if (isOdd(bytes[at] as number)) return true;
  }
  return false;
}

/** `u`, `/`, `b`, `f`: escapes that spell something else than they show. */
function isOdd(letter: number): boolean {
  return letter === 0x75 || letter === 0x2f || letter === 0x62 || letter === 0x66;
}
