import type { Disguise } from './anchors.ts';

/** A part of a text, taken out of its disguise. */
interface Unmasked {
  readonly bytes: Uint8Array;
  /** Occurrences that end before this offset of the text, in the same phase, were in the part. */
  readonly coveredUntil: number;
}

/** How one disguise is taken off. */
export interface DisguiseFacts {
  /** How many characters spell a whole number of bytes: anchors of different phase need decodings of their own. */
  readonly phases: number;
  /** The number of its first phase among those of all disguises. */
  readonly firstPhase: number;
  /** Decodes the part of a text around an anchor. `start` is the offset where a spelled byte begins. */
  readonly unmask: (text: string, start: number) => Unmasked;
}

/** The disguises. The parts are of bounded length, whatever the text. */
export const disguises: Readonly<Record<Disguise, DisguiseFacts>> = {
  base64: { phases: 4, firstPhase: 0, unmask: (text, start) => unmaskRun(text, start, 'base64') },
  hex: { phases: 2, firstPhase: 4, unmask: (text, start) => unmaskRun(text, start, 'hex') },
  percent: { phases: 1, firstPhase: 6, unmask: unmaskPercent },
};

/** The phases of all disguises together. */
export const allPhases = 7;

/** How much text before an anchor may belong to its secret, how much after it is looked at, in characters. */
const reachBack = 64;
const reachAhead = 1536;

/** Ahead, base64 may be broken into lines (RFC 2045 section 6.8); back over a line break the groups would be lost. */
const back = { base64: /[\w+/-]/, hex: /[0-9a-fA-F]/ };
const ahead = { base64: /[\w+/\r\n=-]/, hex: /[0-9a-fA-F]/ };

function unmaskRun(text: string, start: number, encoding: 'base64' | 'hex'): Unmasked {
  const step = disguises[encoding].phases;
  let from = start;
  while (from - step >= start - reachBack && from >= step && isRun(text, from - step, step, back[encoding]))
    from -= step;
  let end = start;
  while (end < text.length && end < start + reachAhead && ahead[encoding].test(text.charAt(end))) end += 1;
  const cutShort = end === start + reachAhead;
  return {
    bytes: Buffer.from(text.slice(from, end), encoding),
    coveredUntil: cutShort ? end - 512 : end + 1,
  };
}

function isRun(text: string, from: number, length: number, alphabet: RegExp): boolean {
  for (let at = from; at < from + length; at++) {
    if (!alphabet.test(text.charAt(at))) return false;
  }
  return true;
}

function unmaskPercent(text: string, start: number): Unmasked {
  const from = Math.max(0, start - 256);
  const end = Math.min(text.length, start + reachAhead);
  const bytes = Buffer.from(text.slice(from, end), 'latin1');
  let size = 0;
  for (let at = 0; at < bytes.length; size++) {
    const byte = percentByte(bytes, at);
    bytes[size] = byte < 0 ? (bytes[at] as number) : byte;
    at += byte < 0 ? 1 : 3;
  }
  return { bytes: bytes.subarray(0, size), coveredUntil: end === text.length ? end + 1 : end - 512 };
}

/** The byte that a percent-encoded triplet spells (RFC 3986 section 2.1); -1 where none begins. */
function percentByte(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== 0x25 || at + 2 >= bytes.length) return -1;
  const high = hexDigits[bytes[at + 1] as number] as number;
  const low = hexDigits[bytes[at + 2] as number] as number;
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

const hexDigits = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value++) {
  hexDigits[value.toString(16).charCodeAt(0)] = value;
  hexDigits[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}
