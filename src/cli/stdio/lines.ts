import { Buffer } from 'node:buffer';

const lineBreak = 0x0a;

/**
 * The lines of a byte stream without their breaks (basic/transports, "stdio": messages are delimited by newlines and
 * hold none). Empty lines are left out; a last line without a break counts.
 * @throws Error when a line is longer than `limit` bytes
 */
export async function* linesOf(input: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of input) {
    let start = 0;
    for (let at = chunk.indexOf(lineBreak); at >= 0; at = chunk.indexOf(lineBreak, start)) {
      const line = trimmed(Buffer.concat([...held, chunk.subarray(start, at)]));
      if (line.length > 0) yield line;
      held = [];
      length = 0;
      start = at + 1;
    }
    held.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > limit) throw new Error(`a message on standard input is longer than ${limit} bytes`);
  }
  const rest = trimmed(Buffer.concat(held));
  if (rest.length > 0) yield rest;
}

/** Some clients end lines the way of Windows. */
function trimmed(line: Buffer): Buffer {
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}

/** The bytes of a JSON text as one line. JSON strings hold no raw line breaks, so only blanks between tokens change. */
export function asLine(json: Uint8Array): Buffer {
  const line = Buffer.allocUnsafe(json.length + 1);
  line.set(json);
  for (let at = 0; at < json.length; at++) if (line[at] === lineBreak || line[at] === 0x0d) line[at] = 0x20;
  line[json.length] = lineBreak;
  return line;
}
