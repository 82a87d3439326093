import { type Candidate, isIn, type Verdict, width } from './candidate.ts';

/** What may be shown as text or as emoji (UTS 51 section 2.8), digits of keycaps included. */
const emojiBase = /[\p{Emoji}\p{Extended_Pictographic}]/u;
/** Bases of standardized variants (StandardizedVariants.txt): symbols, punctuation and letters outside ASCII. */
const variantBase =
  /[0\p{S}\p{Po}\p{Ps}\p{Pe}\p{No}\u{2100}-\u{214F}\p{scx=Hani}\p{scx=Mymr}\p{scx=Phag}\p{scx=Egyp}\p{scx=Mani}]/u;
const ascii = /[\u{0}-\u{2F}\u{31}-\u{7F}]/u;
const han = /\p{scx=Hani}/u;
const anySelector = /[\u{FE00}-\u{FE0F}\u{E0100}-\u{E01EF}]/u;

/**
 * Judges a variation selector: one after a base that has variants is typography, any other is data (a byte for each
 * selector, as has been shown to work on models).
 */
export function judgeVariation({ code, previous }: Candidate): Verdict {
  const allowed = !isIn(anySelector, previous) && isIn(baseOf(code), previous) && isWellBased(code, previous);
  return { kind: allowed ? undefined : 'variation', length: width(code) };
}

function baseOf(code: number): RegExp {
  if (code > 0xffff) return han;
  return code === 0xfe0e || code === 0xfe0f ? emojiBase : variantBase;
}

/** ASCII has standardized variants for the digit zero alone, beside the keycaps. */
function isWellBased(code: number, previous: number): boolean {
  return code >= 0xfe0e || !isIn(ascii, previous);
}
