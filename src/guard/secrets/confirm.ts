import type { Anchor } from './anchors.ts';

/**
 * The second look at an occurrence, on the bytes: its case, its left boundary, and the format's own peek. Cheap
 * enough to be done on every occurrence.
 */
export function confirm(anchor: Anchor, bytes: Uint8Array, end: number, length: number): boolean {
  const start = end - anchor.text.length;
  if (anchor.exact && !isExact(anchor.text, bytes, start)) return false;
  if (anchor.bounded && followsWord(bytes, start)) return false;
  return anchor.peek === undefined || anchor.peek(bytes, end, length);
}

function isExact(text: string, bytes: Uint8Array, start: number): boolean {
  for (let at = 0; at < text.length; at++) {
    if (bytes[start + at] !== text.charCodeAt(at)) return false;
  }
  return true;
}

/** A letter after a backslash may belong to an escape such as `\n`, so it is no word. */
function followsWord(bytes: Uint8Array, start: number): boolean {
  return start > 0 && wordBytes[bytes[start - 1] as number] === 1 && bytes[start - 2] !== 0x5c;
}

const wordBytes = new Uint8Array(256).fill(1, 0x30, 0x3a).fill(1, 0x41, 0x5b).fill(1, 0x61, 0x7b);
