/** One element of DER (X.690): its tag, its content, and all of it. Views, no copies. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly whole: Uint8Array;
}

/** Bytes that are not DER. */
export class DerError extends Error {
  override readonly name: string = 'DerError';
}

/** Tags that certificates are made of (X.690 section 8, X.680 section 8.6). */
export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  sequence: 0x30,
} as const;

/** Reads the elements that stand one behind the other. Throws a {@link DerError} unless they fill the bytes exactly. */
export function readDer(bytes: Uint8Array): readonly DerElement[] {
  const elements: DerElement[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const element = readElement(bytes, offset);
    elements.push(element);
    offset += element.whole.length;
  }
  return elements;
}

/** Reads exactly one element of a known kind and gives its parts. */
export function readSequence(bytes: Uint8Array): readonly DerElement[] {
  const [element, ...more] = readDer(bytes);
  if (element === undefined || more.length > 0) throw new DerError('not one element');
  return readDer(contentOf(element, derTag.sequence));
}

/** The content of an element, if it has the tag. */
export function contentOf(element: DerElement | undefined, tag: number): Uint8Array {
  if (element?.tag !== tag) throw new DerError(`tag ${String(element?.tag)} where ${tag} belongs`);
  return element.content;
}

/** A boolean, which DER writes as 0 or 255 (X.690 section 11.1). */
export function readBoolean(element: DerElement): boolean {
  const content = contentOf(element, derTag.boolean);
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw new DerError('no boolean');
  return content[0] === 0xff;
}

/** An integer from 0 to 2^31 - 1. */
export function readSmallInteger(element: DerElement): number {
  const content = contentOf(element, derTag.integer);
  const [first = 0x80] = content;
  if (content.length === 0 || content.length > 4 || first >= 0x80) throw new DerError('no small integer');
  return content.reduce((value, byte) => value * 256 + byte, 0);
}

/** An object identifier with dots. */
export function readOid(element: DerElement): string {
  const content = contentOf(element, derTag.oid);
  if (content.length === 0 || content.length > 64) throw new DerError('no object identifier');
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER / 128) throw new DerError('an arc that is too large');
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const [head = 0, ...rest] = arcs;
  const first = Math.min(2, Math.floor(head / 40));
  return [first, head - first * 40, ...rest].join('.');
}

function readElement(bytes: Uint8Array, offset: number): DerElement {
  const tag = bytes[offset];
  if (tag === undefined || (tag & 0x1f) === 0x1f) throw new DerError('a tag of several bytes, or none');
  const { length, size } = readLength(bytes, offset + 1);
  const start = offset + 1 + size;
  const end = start + length;
  if (end > bytes.length) throw new DerError('an element that is cut off');
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(offset, end) };
}

/** X.690 section 10.1: definite, and in the fewest bytes. */
function readLength(bytes: Uint8Array, offset: number): { readonly length: number; readonly size: number } {
  const first = bytes[offset];
  if (first === undefined) throw new DerError('a length that is cut off');
  if (first < 0x80) return { length: first, size: 1 };
  const count = first & 0x7f;
  if (count === 0 || count > 3) throw new DerError('a length that is indefinite or too large');
  let length = 0;
  for (let at = 1; at <= count; at += 1) length = length * 256 + (bytes[offset + at] ?? 0);
  if (length < 0x80 || length < 256 ** (count - 1)) throw new DerError('a length with needless bytes');
  return { length, size: 1 + count };
}
