type CodeName =
  | 'quote'
  | 'backslash'
  | 'openBrace'
  | 'closeBrace'
  | 'openBracket'
  | 'closeBracket'
  | 'colon'
  | 'comma'
  | 'minus'
  | 'plus'
  | 'dot'
  | 'zero'
  | 'nine'
  | 'smallE'
  | 'capitalE'
  | 'space';

/** The character codes that have a meaning in JSON text (RFC 8259 section 2). */
export const code: Readonly<Record<CodeName, number>> = {
  quote: 0x22,
  backslash: 0x5c,
  openBrace: 0x7b,
  closeBrace: 0x7d,
  openBracket: 0x5b,
  closeBracket: 0x5d,
  colon: 0x3a,
  comma: 0x2c,
  minus: 0x2d,
  plus: 0x2b,
  dot: 0x2e,
  zero: 0x30,
  nine: 0x39,
  smallE: 0x65,
  capitalE: 0x45,
  space: 0x20,
};

const shortString = 48;

/**
 * The offset after the string that starts at `at`. The text is known to be well-formed, so the closing quote exists.
 * Short strings are read one by one; for long ones the native search is faster.
 */
export function stringEnd(text: string, at: number): number {
  const near = Math.min(at + shortString, text.length);
  for (let i = at + 1; i < near; i++) {
    if (text.charCodeAt(i) === code.backslash) return escapedStringEnd(text, at, i);
    if (text.charCodeAt(i) === code.quote) return i + 1;
  }
  return escapedStringEnd(text, at, near);
}

function escapedStringEnd(text: string, start: number, from: number): number {
  let quote = text.indexOf('"', from);
  while (isEscaped(text, start, quote)) quote = text.indexOf('"', quote + 1);
  return quote + 1;
}

function isEscaped(text: string, start: number, quote: number): boolean {
  let at = quote - 1;
  while (at > start && text.charCodeAt(at) === code.backslash) at--;
  return (quote - 1 - at) % 2 === 1;
}

/** The value of the string token between two offsets, escapes resolved. */
export function stringText(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end - 1);
  return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
}

/** Whether a number begins with this character code: a digit or a minus. */
export function startsNumber(value: number): boolean {
  return (value >= code.zero && value <= code.nine) || value === code.minus;
}

/** The offset after the number that starts at `at`. */
export function numberEnd(text: string, at: number): number {
  let end = at + 1;
  while (isNumberCode(text.charCodeAt(end))) end++;
  return end;
}

function isNumberCode(value: number): boolean {
  return (
    startsNumber(value) ||
    value === code.plus ||
    value === code.dot ||
    value === code.smallE ||
    value === code.capitalE
  );
}

/** The offset of the next byte that is not white space. */
export function skipSpace(text: string, at: number): number {
  let next = at;
  while (text.charCodeAt(next) <= code.space) next++;
  return next;
}
