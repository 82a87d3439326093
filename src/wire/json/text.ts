import { Buffer, isAscii } from 'node:buffer';
import type { JsonDocument } from '../../model/json.ts';

/** The text of UTF-8; what is not valid reads as U+FFFD. For ASCII, the Latin-1 reading is the same and cheaper. */
export function decode(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString(isAscii(bytes) ? 'latin1' : 'utf8');
}

/** The JSON text of a document. */
export function textOf(document: JsonDocument): string {
  return decode(document.bytes);
}
