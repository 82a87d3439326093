import { Buffer, isUtf8 } from 'node:buffer';

const prefix = '=?base64?';
const suffix = '?=';
const plain = /^[\t\x20-\x7e]*$/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * The field value that carries a text in a mirrored header (streamable-http, "Value Encoding"). Text that a field value
 * cannot hold, that begins or ends with blanks, or that looks encoded itself, is wrapped: `=?base64?...?=`.
 */
export function encodeHeaderValue(text: string): string {
  if (text !== '' && plain.test(text) && text === text.trim() && !isWrapped(text)) return text;
  return `${prefix}${Buffer.from(text).toString('base64')}${suffix}`;
}

/**
 * The text of a mirrored header. Undefined if the wrapping holds no valid base64 of valid UTF-8, or if the value holds
 * anything but visible ASCII, spaces and tabs. The wrapping is case-sensitive; everything else stands for itself.
 */
export function decodeHeaderValue(value: string): string | undefined {
  if (!plain.test(value)) return undefined;
  return isWrapped(value) ? unwrap(value.slice(prefix.length, -suffix.length)) : value;
}

function isWrapped(text: string): boolean {
  return text.startsWith(prefix) && text.endsWith(suffix) && text.length >= prefix.length + suffix.length;
}

function unwrap(encoded: string): string | undefined {
  if (!base64.test(encoded)) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const exact = isUtf8(bytes) && bytes.toString('base64') === encoded;
  return exact ? bytes.toString() : undefined;
}
