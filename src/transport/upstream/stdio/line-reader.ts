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
  let failed = false;
  const hold = (part: Buffer): void => {
    held += part.length;
    failed ||= held > limit;
    if (!failed) parts.push(part);
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
      for (let end = chunk.indexOf(newline); end >= 0 && !failed; end = chunk.indexOf(newline, start)) {
        hold(chunk.subarray(start, end));
        if (!failed) lines.push(finish());
        start = end + 1;
      }
      if (!failed && start < chunk.length) hold(chunk.subarray(start));
      return failed ? undefined : lines;
    },
  };
}
