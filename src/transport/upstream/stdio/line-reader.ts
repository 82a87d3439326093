import { Buffer } from 'node:buffer';

const newline = 0x0a;
const carriageReturn = 0x0d;

/** Splits bytes into lines. */
export interface LineReader {
  /** The lines that the chunk completes; undefined once a line was longer than the limit. */
  readonly push: (chunk: Buffer) => readonly Buffer[] | undefined;
}

/** A reader that holds at most `limit` bytes of an unfinished line. */
export function lineReader(limit: number): LineReader {
  let parts: Buffer[] = [];
  let held = 0;
  const hold = (part: Buffer): boolean => {
    held += part.length;
    if (held > limit) return false;
    parts.push(part);
    return true;
  };
  const finish = (): Buffer => {
    const line = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    parts = [];
    held = 0;
    return line.at(-1) === carriageReturn ? line.subarray(0, -1) : line;
  };
  return {
    push: (chunk) => {
      const lines: Buffer[] = [];
      let start = 0;
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
        if (!hold(chunk.subarray(start, end))) return undefined;
        lines.push(finish());
        start = end + 1;
      }
      return hold(chunk.subarray(start)) ? lines : undefined;
    },
  };
}
