import type { Peek } from './format.ts';

/** Whether at least so many letters, digits, `_` and `-` follow: most words that hold a short anchor end sooner. */
export function followedBy(count: number): Peek {
  return (bytes, end, length) => {
    if (end + count > length) return false;
    for (let at = end; at < end + count; at++) {
      if (wordBytes[bytes[at] as number] !== 1) return false;
    }
    return true;
  };
}

/**
 * Whether `=` or `:` comes next, from the last character of the anchor on, past the quotes and spaces that may stand
 * between a name and what is assigned to it. In JSON they may be escaped, which makes `n`, `r`, `t` of some.
 */
export function assigns(bytes: Uint8Array, end: number, length: number): boolean {
  const last = Math.min(length, end + 16);
  let at = end - 1;
  while (at < last && spacing[bytes[at] as number] === 1) at += 1;
  return at < length && (bytes[at] === 0x3d || bytes[at] === 0x3a);
}

/** Longest user part and password of a URL that are looked at. */
const longest = 384;

/** Whether an `@` comes before the authority of a URL ends: most URLs have none, and are done with here. */
export function holdsAt(bytes: Uint8Array, end: number, length: number): boolean {
  const last = Math.min(length, end + longest);
  for (let at = end; at < last; at++) {
    if (bytes[at] === 0x40) return true;
    if (authorityEnds[bytes[at] as number] === 1) return false;
  }
  return false;
}

/** The same in a percent-encoded URL, where `@` is `%40`. */
export function holdsEncodedAt(bytes: Uint8Array, end: number, length: number): boolean {
  const last = Math.min(length, end + 3 * longest);
  for (let at = end; at < last; at++) {
    if (bytes[at] === 0x40) return true;
    if (bytes[at] === 0x25 && bytes[at + 1] === 0x34 && bytes[at + 2] === 0x30) return true;
    if (authorityEnds[bytes[at] as number] === 1) return false;
  }
  return false;
}

const wordBytes = new Uint8Array(256).fill(1, 0x30, 0x3a).fill(1, 0x41, 0x5b).fill(1, 0x61, 0x7b);
wordBytes[0x2d] = 1;
wordBytes[0x5f] = 1;

const authorityEnds = new Uint8Array(256).fill(1, 0, 0x21);
for (const mark of '/?#"\'<>\\') authorityEnds[mark.charCodeAt(0)] = 1;

const spacing = new Uint8Array(256);
for (const mark of '"\'\\ nrt\n\r\t\v\f\u00ff') spacing[mark.charCodeAt(0)] = 1;
