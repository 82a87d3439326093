/** A character that may be hidden, with what its judges look at. */
export interface Candidate {
  readonly text: string;
  readonly index: number;
  readonly code: number;
  /** The code point that will stand before it once everything hidden is gone; -1 at the start. */
  readonly previous: number;
  /** How many of the last kept characters were invisible direction marks. */
  readonly marksBefore: number;
}

/** What is wrong with a candidate and how many UTF-16 code units that concerns; `kind` is undefined where nothing is. */
export interface Verdict {
  readonly kind: HiddenKind | undefined;
  readonly length: number;
}

/** The kinds of hidden text. */
export type HiddenKind =
  | 'tag'
  | 'bidi-override'
  | 'bidi'
  | 'mark'
  | 'zero-width'
  | 'variation'
  | 'control'
  | 'surrogate';

/** The code point after the candidate, -1 at the end. */
export function following(candidate: Candidate): number {
  return candidate.text.codePointAt(candidate.index + width(candidate.code)) ?? -1;
}

/** How many UTF-16 code units a code point takes. */
export function width(code: number): 1 | 2 {
  return code > 0xffff ? 2 : 1;
}

/** Whether a code point (not -1) is in the set that a regular expression describes. */
export function isIn(set: RegExp, code: number): boolean {
  return code >= 0 && set.test(String.fromCodePoint(code));
}
