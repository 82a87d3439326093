import type { Span } from '../detector.ts';
import { type Candidate, type HiddenKind, type Verdict, width } from './candidate.ts';
import { candidates, candidateUnits, hiddenKinds, judge } from './classes.ts';

/** One stretch of hidden text. Stretches that are not `cut` are odd but stay. */
export interface HiddenSpan extends Span {
  readonly kind: HiddenKind;
  readonly cut: boolean;
}

/** Whether a text holds any character that might be hidden, allowed where it stands or not. */
export function mayHide(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (suspiciousUnits[text.charCodeAt(index)] === 1) return true;
  }
  return !text.isWellFormed();
}

/**
 * Finds what is hidden in a text, in order. Every character is judged by what stands before it once the hidden ones
 * are gone.
 *
 * INVARIANT: a text without its cut spans has no cut spans.
 */
export function findHidden(text: string): readonly HiddenSpan[] {
  const found: HiddenSpan[] = [];
  let context = startOfText;
  for (let index = nextCandidate(text, 0); index >= 0; ) {
    const candidate = candidateAt(text, index, context);
    const verdict = judge(candidate);
    const end = index + verdict.length;
    if (verdict.kind !== undefined) found.push(span(verdict.kind, index, end));
    context = contextAfter(candidate, verdict);
    index = nextCandidate(text, end);
  }
  return found;
}

const suspicious = candidates();
const suspiciousUnits = candidateUnits();

function nextCandidate(text: string, from: number): number {
  suspicious.lastIndex = from;
  return suspicious.exec(text)?.index ?? -1;
}

function span(kind: HiddenKind, start: number, end: number): HiddenSpan {
  return { kind, start, end, cut: hiddenKinds[kind].cut };
}

/** What was kept up to an offset of the text. */
interface Context {
  readonly end: number;
  readonly previous: number;
  readonly marks: number;
}

const startOfText: Context = { end: 0, previous: -1, marks: 0 };

function candidateAt(text: string, index: number, context: Context): Candidate {
  const adjacent = context.end === index;
  return {
    text,
    index,
    code: text.codePointAt(index) as number,
    previous: adjacent ? context.previous : codeBefore(text, index),
    marksBefore: adjacent ? context.marks : 0,
  };
}

function contextAfter(candidate: Candidate, { kind, length }: Verdict): Context {
  const end = candidate.index + length;
  if (kind !== undefined && hiddenKinds[kind].cut) {
    return { end, previous: candidate.previous, marks: candidate.marksBefore };
  }
  return {
    end,
    previous: codeBefore(candidate.text, end),
    marks: isMark(candidate.code) ? candidate.marksBefore + 1 : 0,
  };
}

function isMark(code: number): boolean {
  return code === 0x061c || code === 0x200e || code === 0x200f;
}

function codeBefore(text: string, index: number): number {
  const unit = text.charCodeAt(index - 1);
  const paired = unit >= 0xdc00 && unit <= 0xdfff ? (text.codePointAt(index - 2) ?? unit) : unit;
  return width(paired) === 2 ? paired : unit;
}
