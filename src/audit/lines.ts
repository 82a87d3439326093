import type { FileHandle } from 'node:fs/promises';

/** A whole line of a file, without its line break, and the position behind that break. */
export interface PlacedLine {
  readonly text: string;
  readonly end: number;
}

const block = 64 * 1024;
const lineBreak = 0x0a;

/** The whole lines of a file from the last to the first, beginning at position `size`. What follows the last break is left out. */
export async function* linesBackward(file: FileHandle, size: number): AsyncGenerator<PlacedLine> {
  let rest: Buffer = Buffer.alloc(0);
  let whole = false;
  for (let start = size; start > 0; ) {
    const length = Math.min(block, start);
    start -= length;
    rest = Buffer.concat([await readAt(file, start, length), rest]);
    for (let at = rest.lastIndexOf(lineBreak); at >= 0; at = rest.lastIndexOf(lineBreak)) {
      if (whole) yield { text: rest.toString('utf8', at + 1), end: start + rest.length + 1 };
      rest = rest.subarray(0, at);
      whole = true;
    }
  }
  if (whole) yield { text: rest.toString('utf8'), end: rest.length + 1 };
}

/** Bytes of a file; fewer where it ends. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer.subarray(0, done);
}

/** The whole lines of a file from a position to its present end; a last line without a break is left for later. */
export async function* linesForward(file: FileHandle, position: number): AsyncGenerator<PlacedLine> {
  let rest: Buffer = Buffer.alloc(0);
  let start = position;
  for (;;) {
    const more = await readAt(file, start + rest.length, block);
    if (more.length === 0) return;
    rest = Buffer.concat([rest, more]);
    let from = 0;
    for (let at = rest.indexOf(lineBreak); at >= 0; at = rest.indexOf(lineBreak, from)) {
      yield { text: rest.toString('utf8', from, at), end: start + at + 1 };
      from = at + 1;
    }
    rest = rest.subarray(from);
    start += from;
  }
}
