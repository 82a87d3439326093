import type { Candidate, Verdict } from './candidate.ts';

/** A terminal control sequence with parameters (ECMA-48 section 5.4). */
const controlSequence = /(?:\u001b\[|\u009b)[\u0030-\u003f]{0,64}[\u0020-\u002f]{0,8}[\u0040-\u007e]/y;
/** A control string such as a window title or a link (ECMA-48 section 5.6), with its terminator. */
const controlString =
  /(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]{0,2048}(?:\u0007|\u001b\\|\u009c)/y;

/**
 * Judges a C0 or C1 control. A terminal sequence goes whole, since what a terminal does not show is hidden from the
 * reader and not from the model; without its end, only its introducer goes, and the rest can be seen.
 */
export function judgeControl({ text, index }: Candidate): Verdict {
  return {
    kind: 'control',
    length: matchLength(controlSequence, text, index) || matchLength(controlString, text, index) || 1,
  };
}

function matchLength(pattern: RegExp, text: string, index: number): number {
  pattern.lastIndex = index;
  return pattern.test(text) ? pattern.lastIndex - index : 0;
}
