/** Writes DER (X.690), so that tests can make certificates that no library would make. */
export function derOf(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

/** A sequence. */
export function sequence(...contents: readonly Uint8Array[]): Buffer {
  return derOf(0x30, ...contents);
}

/** An object identifier with dots. */
export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  return derOf(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(arcBytes)]));
}

/** A boolean. */
export function boolean(value: boolean): Buffer {
  return derOf(0x01, Buffer.from([value ? 0xff : 0]));
}

/** An integer that is not negative. */
export function integer(value: number | Uint8Array): Buffer {
  const bytes = typeof value === 'number' ? Buffer.from(hexOf(value), 'hex') : Buffer.from(value);
  const [first = 0] = bytes;
  return derOf(0x02, ...(first >= 0x80 ? [Buffer.from([0])] : []), bytes);
}

/** A bit string without unused bits. */
export function bitString(bytes: Uint8Array, unused = 0): Buffer {
  return derOf(0x03, Buffer.from([unused]), bytes);
}

/** A point in time (RFC 5280 section 4.1.2.5: four digits of the year from 2050 on). */
export function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14);
  const isLate = text >= '2050';
  return derOf(isLate ? 0x18 : 0x17, Buffer.from(`${isLate ? text : text.slice(2)}Z`, 'latin1'));
}

function hexOf(value: number): string {
  const hex = value.toString(16);
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}

function arcBytes(arc: number): readonly number[] {
  const bytes = [arc & 0x7f];
  for (let left = arc >>> 7; left > 0; left >>>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = Buffer.from(hexOf(length), 'hex');
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}
