import type { Candidate, Verdict } from './candidate.ts';

/** The scripts written from right to left, whose writers need the marks. */
const rightToLeft =
  /[[\p{scx=Hebr}\p{scx=Arab}\p{scx=Syrc}\p{scx=Thaa}\p{scx=Nkoo}\p{scx=Samr}\p{scx=Mand}\p{scx=Adlm}\p{scx=Rohg}]--[\u{61C}]]/v;

/** More marks than this in a row order nothing; they are data. */
const mostInARow = 2;

/** Judges LRM, RLM and ALM: at home in text that holds right-to-left letters, odd elsewhere, never in a long row. */
export function judgeMark({ text, marksBefore }: Candidate): Verdict {
  if (marksBefore >= mostInARow) return { kind: 'zero-width', length: 1 };
  return { kind: rightToLeft.test(text) ? undefined : 'mark', length: 1 };
}
