/** One broken house rule, at its place, with the mend in the text. */
export type Finding = {
  /** Path from the root of the repository. */
  readonly file: string;
  readonly line: number;
  readonly rule: 'room' | 'package' | 'builtin' | 'opaque-import' | 'unknown-room' | 'reason';
  readonly text: string;
};
