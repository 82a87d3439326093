import type { Finding } from '../model/finding.ts';
import type { RawText } from './raw-text.ts';

/** Where a text comes from and where it goes. */
export type Side = 'argument' | 'result' | 'description';

/** Whether a text is a string value or the name of a member. */
export type Part = 'value' | 'name';

/** A half-open range of UTF-16 code units of one string. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What a detector saw in one string; the guard adds where the string stands. */
export interface Sighting {
  readonly code: string;
  readonly action: Finding['action'];
  /** One sentence, without the secret itself. */
  readonly message: string;
}

/** Reads the strings of one message, one after the other. It may keep count of its work across them. */
export type TextInspector = (text: string, side: Side, part: Part) => readonly Sighting[];

/** One kind of content inspection. Linear in the size of what it reads; knows nothing of JSON. */
export interface Detector {
  /** Cheap and never wrong when it says no: then no string of this JSON text holds anything to see. */
  readonly mayConcern: (raw: RawText) => boolean;
  /** Starts on a message. */
  readonly begin: () => TextInspector;
  /** The parts of a string that must go when a sighting says `strip`; undefined for a detector that never does. */
  readonly cuts: ((text: string) => readonly Span[]) | undefined;
}
