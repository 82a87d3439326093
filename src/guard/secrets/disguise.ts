import type { Disguise } from './anchors.ts';

/** A part of a text, taken out of its disguise. */
export interface Unmasked {
  readonly bytes: Uint8Array;
  /** Occurrences that end before this offset of the text, in the same phase, were in the part. */
  readonly coveredUntil: number;
}

/** How one disguise is taken off. */
export interface DisguiseFacts {
  /** How many characters spell a whole number of bytes: anchors of different phase need decodings of their own. */
  readonly phases: number;
  /** Decodes the part of a text around an anchor. `start` is the offset where a spelled byte begins. */
  readonly unmask: (text: string, start: number) => Unmasked;
}

/** The disguises. The parts are of bounded length, whatever the text. */
export const disguises: Readonly<Record<Disguise, DisguiseFacts>> = {
  base64: { phases: 4, unmask: (text, start) => unmaskRun(text, start, 'base64') },
  hex: { phases: 2, unmask: (text, start) => unmaskRun(text, start, 'hex') },
  percent: { phases: 1, unmask: unmaskPercent },
};

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
  const plain = text
    .slice(from, end)
    .replace(/%([0-9a-f]{2})/gi, (_whole, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return { bytes: Buffer.from(plain, 'latin1'), coveredUntil: end === text.length ? end + 1 : end - 512 };
}
