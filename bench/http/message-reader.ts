export interface MessageEvents {
  /** Start line and headers, without the empty line. */
  readonly head?: (text: string) => void;
  /** A piece of the body with the chunk framing taken off. */
  readonly body?: (piece: Buffer) => void;
  readonly end: () => void;
}

/**
 * Reads HTTP/1.1 messages that follow one another on a connection (RFC 9112 section 6) from pieces of any size. It knows
 * only what a benchmark needs: Content-Length and chunked bodies, no trailers beyond skipping them. It throws on
 * anything else, so that a broken peer shows up at once.
 */
export type MessageReader = (piece: Buffer) => void;

const lengthHeader = /\r\ncontent-length:[ \t]*(\d+)[ \t]*(?=\r\n|$)/i;
const chunkedHeader = /\r\ntransfer-encoding:[ \t]*chunked[ \t]*(?=\r\n|$)/i;
const bodilessStatus = /^HTTP\/1\.1 (?:1\d\d|204|304) /;
const longestLine = 64 * 1024;

type Part = 'head' | 'length' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer';

export const createMessageReader = (kind: 'request' | 'response', events: MessageEvents): MessageReader => {
  let part: Part = 'head';
  let left = 0;
  let rest: Buffer | undefined;

  const finish = (): void => {
    part = 'head';
    events.end();
  };

  const beginBody = (head: string): void => {
    const length = lengthHeader.exec(head)?.[1];
    left = Number(length ?? 0);
    if (bodilessStatus.test(head)) finish();
    else if (chunkedHeader.test(head)) part = 'chunk-size';
    else if (length === undefined && kind === 'response') throw new Error(`reply without a length: ${head}`);
    else if (left === 0) finish();
    else part = 'length';
  };

  const takeLine = (line: string): void => {
    switch (part) {
      case 'head':
        events.head?.(line);
        beginBody(line);
        break;
      case 'chunk-size':
        left = parseChunkSize(line);
        part = left === 0 ? 'trailer' : 'chunk';
        break;
      case 'chunk-end':
        if (line !== '') throw new Error(`chunk longer than its size, then: ${line.slice(0, 40)}`);
        part = 'chunk-size';
        break;
      case 'trailer':
        if (line === '') finish();
        break;
      case 'length':
      case 'chunk':
        throw new Error(`no line is due in ${part}`);
    }
  };

  const takeBody = (buffer: Buffer, from: number): number => {
    const to = Math.min(buffer.length, from + left);
    left -= to - from;
    events.body?.(buffer.subarray(from, to));
    if (left === 0) {
      if (part === 'chunk') part = 'chunk-end';
      else finish();
    }
    return to;
  };

  return (piece) => {
    const buffer = rest === undefined ? piece : Buffer.concat([rest, piece]);
    rest = undefined;
    let from = 0;
    while (from < buffer.length) {
      if (part === 'length' || part === 'chunk') {
        from = takeBody(buffer, from);
        continue;
      }
      const ending = part === 'head' ? '\r\n\r\n' : '\r\n';
      const to = buffer.indexOf(ending, from, 'latin1');
      if (to === -1) {
        rest = buffer.subarray(from);
        if (rest.length > longestLine) throw new Error(`no end of ${part} in ${rest.length} bytes`);
        return;
      }
      const line = buffer.toString('latin1', from, to);
      from = to + ending.length;
      takeLine(line);
    }
  };
};

const parseChunkSize = (line: string): number => {
  const digits = /^[0-9a-f]{1,8}(?=$|[ \t;])/i.exec(line)?.[0];
  if (digits === undefined) throw new Error(`no chunk size in: ${line.slice(0, 40)}`);
  return Number.parseInt(digits, 16);
};
