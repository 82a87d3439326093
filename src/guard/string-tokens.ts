/**
 * Shows the string values of a valid JSON text that stand below its outermost object, by their offsets with the
 * quotes. Member names, and the strings of the outermost object itself, are passed over.
 */
export function eachStringValue(bytes: Uint8Array, visit: (start: number, end: number) => void): void {
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    depth += depthChange[bytes[at] as number] as number;
    if (bytes[at] !== quote) continue;
    const end = tokenEnd(bytes, at);
    if (depth > 1 && !isName(bytes, end)) visit(at, end);
    at = end - 1;
  }
}

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;

/** What a byte outside of strings does to the depth. */
const depthChange = new Int8Array(256);
for (const opening of '{[') depthChange[opening.charCodeAt(0)] = 1;
for (const closing of '}]') depthChange[closing.charCodeAt(0)] = -1;

/** The offset after the closing quote of the string token that starts at `start`. */
function tokenEnd(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at + 1;
}

/** Whether the token that ends here is a member name: only a name is followed by a colon. */
function isName(bytes: Uint8Array, end: number): boolean {
  let at = end;
  while (isSpace(bytes[at])) at += 1;
  return bytes[at] === colon;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
