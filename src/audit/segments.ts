import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** One file of the log. Segments are numbered from 1 without gaps and are read in that order. */
export interface Segment {
  readonly number: number;
  readonly path: string;
}

const shape = /^(\d{8,})\.jsonl$/;

/** Where a segment stands: `00000001.jsonl` in the directory of the log. */
export function segmentAt(directory: string, number: number): Segment {
  return { number, path: join(directory, `${String(number).padStart(8, '0')}.jsonl`) };
}

/** The segments of a log in order; none for a directory that holds none. Throws when it cannot be read. */
export async function listSegments(directory: string): Promise<readonly Segment[]> {
  const numbers = (await readdir(directory)).flatMap((name) => {
    const digits = shape.exec(name)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
  return numbers.sort((a, b) => a - b).map((number) => segmentAt(directory, number));
}
