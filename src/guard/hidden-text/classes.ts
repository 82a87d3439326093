import { judgeBidi } from './bidi-controls.ts';
import type { Candidate, HiddenKind, Verdict } from './candidate.ts';
import { judgeControl } from './control-characters.ts';
import { judgeMark } from './direction-marks.ts';
import { judgeTag } from './tag-characters.ts';
import { judgeVariation } from './variation-selectors.ts';
import { judgeZeroWidth } from './zero-width.ts';

/** Some characters and who judges them. */
interface HiddenClass {
  readonly ranges: readonly (readonly [first: number, last: number])[];
  readonly judge: (candidate: Candidate) => Verdict;
}

/** Every character that can be in a text without being seen. A character that has no row is visible. */
const classes: readonly HiddenClass[] = [
  {
    ranges: [
      [0x00, 0x08],
      [0x0b, 0x0c],
      [0x0e, 0x1f],
      [0x7f, 0x9f],
    ],
    judge: judgeControl,
  },
  {
    ranges: [
      [0x202a, 0x202e],
      [0x2066, 0x2069],
    ],
    judge: judgeBidi,
  },
  {
    ranges: [
      [0x061c, 0x061c],
      [0x200e, 0x200f],
    ],
    judge: judgeMark,
  },
  {
    ranges: [
      [0xfe00, 0xfe0f],
      [0xe0100, 0xe01ef],
    ],
    judge: judgeVariation,
  },
  {
    ranges: [
      [0xe0000, 0xe00ff],
      [0xe01f0, 0xe0fff],
    ],
    judge: judgeTag,
  },
  {
    ranges: [
      [0x00ad, 0x00ad],
      [0x034f, 0x034f],
      [0x115f, 0x1160],
      [0x17b4, 0x17b5],
      [0x180b, 0x180f],
      [0x200b, 0x200d],
      [0x2060, 0x2065],
      [0x206a, 0x206f],
      [0x3164, 0x3164],
      [0xfeff, 0xfeff],
      [0xffa0, 0xffa0],
      [0xfff0, 0xfffb],
      [0x1bca0, 0x1bca3],
      [0x1d173, 0x1d17a],
    ],
    judge: judgeZeroWidth,
  },
  { ranges: [[0xd800, 0xdfff]], judge: () => ({ kind: 'surrogate', length: 1 }) },
];

/** Finds the next character of some class, from `lastIndex` on. Lone surrogates are code points of their own here. */
export function candidates(): RegExp {
  return new RegExp(`[${classes.flatMap((each) => each.ranges.map(spelled)).join('')}]`, 'gu');
}

/**
 * Marks the UTF-16 code units that some class has, and the first halves of such characters. Coarser than
 * {@link candidates} and several times as fast; blind to lone surrogates.
 */
export function candidateUnits(): Uint8Array {
  const units = new Uint8Array(0x10000);
  for (const [first, last] of classes.flatMap(({ ranges }) => ranges)) {
    if (!isSurrogate(first)) units.fill(1, firstUnit(first), firstUnit(last) + 1);
  }
  return units;
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

function firstUnit(code: number): number {
  return String.fromCodePoint(code).charCodeAt(0);
}

function spelled([first, last]: readonly [number, number]): string {
  return `\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`;
}

/** Judges a character that {@link candidates} found. */
export function judge(candidate: Candidate): Verdict {
  const { code } = candidate;
  const owner = classes.find(({ ranges }) => ranges.some(([first, last]) => code >= first && code <= last));
  return owner?.judge(candidate) ?? { kind: undefined, length: 1 };
}

/** What a kind is called and what is done about it. */
export interface HiddenKindFacts {
  readonly name: string;
  /** Whether it goes when a text is stripped. */
  readonly cut: boolean;
  readonly inArgument: 'block' | 'note';
  readonly inDescription: 'block' | 'note';
}

/** The kinds of hidden text. In results, what is cut is stripped and the rest noted. */
export const hiddenKinds: Readonly<Record<HiddenKind, HiddenKindFacts>> = {
  tag: { name: 'invisible tag characters', cut: true, inArgument: 'block', inDescription: 'block' },
  'bidi-override': {
    name: 'text direction overrides',
    cut: true,
    inArgument: 'block',
    inDescription: 'block',
  },
  bidi: { name: 'text direction controls', cut: true, inArgument: 'note', inDescription: 'block' },
  mark: {
    name: 'direction marks outside right-to-left text',
    cut: false,
    inArgument: 'note',
    inDescription: 'note',
  },
  'zero-width': { name: 'characters without a width', cut: true, inArgument: 'note', inDescription: 'block' },
  variation: {
    name: 'variation selectors used as data',
    cut: true,
    inArgument: 'note',
    inDescription: 'block',
  },
  control: { name: 'control characters', cut: true, inArgument: 'note', inDescription: 'block' },
  surrogate: { name: 'halves of characters', cut: true, inArgument: 'note', inDescription: 'block' },
};
