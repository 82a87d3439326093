import type { Candidate, Verdict } from './candidate.ts';

/** Judges embeddings, overrides, isolates and their ends (UAX 9 section 2): they make text read otherwise than it stands. */
export function judgeBidi({ code }: Candidate): Verdict {
  const override = code === 0x202d || code === 0x202e;
  return { kind: override ? 'bidi-override' : 'bidi', length: 1 };
}
