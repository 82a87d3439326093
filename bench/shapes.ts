/** What one measured call looks like: the size of its request, the size of its reply, and how the reply comes. */
export interface Shape {
  readonly name: string;
  readonly requestBytes: number;
  readonly replyBytes: number;
  /** `hold`: an SSE reply that sends one event and then stays open. */
  readonly reply: 'json' | 'sse' | 'hold';
}

/** The base call of every table: 369 bytes in, 986 bytes out. */
export const baseShape: Shape = { name: 'json 0.3 KB', requestBytes: 369, replyBytes: 986, reply: 'json' };

export const holdShape: Shape = { name: 'sse held', requestBytes: 369, replyBytes: 986, reply: 'hold' };

const sizes = [
  { label: '0.3 KB', requestBytes: 369, replyBytes: 986 },
  { label: '10 KB', requestBytes: 10_000, replyBytes: 10_000 },
  { label: '100 KB', requestBytes: 100_000, replyBytes: 100_000 },
] as const;

/** Bodies 0.3, 10 and 100 KB, both ways, as JSON and as an SSE stream with about one event for each KB. */
export const matrixShapes: readonly Shape[] = (['json', 'sse'] as const).flatMap((reply) =>
  sizes.map(({ label, ...bytes }) => ({ name: `${reply} ${label}`, ...bytes, reply })),
);

/**
 * Every call has its own id of this many digits, so that any reply can be proved to belong to its request, and a
 * template needs only its digits replaced.
 */
export const idDigits = 9;
export const firstId = 100_000_000;
const idMark = '#########';

/** Bytes with the places where the id goes. */
export interface Template {
  readonly bytes: Buffer;
  readonly places: readonly number[];
}

export const template = (text: string): Template => {
  const bytes = Buffer.from(text);
  const places: number[] = [];
  for (let at = bytes.indexOf(idMark); at !== -1; at = bytes.indexOf(idMark, at + idDigits)) places.push(at);
  return { bytes, places };
};

/** Writes the id into `bytes`, which were copied from the template. */
export const writeId = (bytes: Buffer, places: readonly number[], id: string): Buffer => {
  for (const place of places) bytes.write(id, place, idDigits, 'latin1');
  return bytes;
};

/** The JSON-RPC body of a call (MCP 2026-07-28, `tools/call`) of exactly `shape.requestBytes`. */
export const requestBody = (shape: Shape, tool: string): string => {
  const around = (text: string): string =>
    `{"jsonrpc":"2.0","id":${idMark},"method":"tools/call","params":{"_meta":{` +
    `"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
    `"io.modelcontextprotocol/clientCapabilities":{},` +
    `"io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"progressToken":${idMark}},` +
    `"name":"${tool}","arguments":{"reply":"${shape.reply}","bytes":${shape.replyBytes},"text":"${text}"}}}`;
  return around(prose(shape.requestBytes - around('').length));
};

/** The JSON-RPC result that answers it, of exactly `bytes`. */
export const resultBody = (bytes: number): string => {
  const around = (text: string): string =>
    `{"jsonrpc":"2.0","id":${idMark},"result":{"content":[{"type":"text","text":"${text}"}],` +
    `"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"static","version":"1.0.0"}}}}`;
  return around(prose(bytes - around('').length));
};

/** The events of an SSE reply: progress of about 1 KB each, then the result, about `bytes` in all. */
export const sseEvents = (bytes: number): string[] => {
  const progress = Math.max(1, Math.round(bytes / 1000) - 1);
  const message = prose(bytes > 1000 ? 850 : 100);
  const events = Array.from(
    { length: progress },
    (_, index) =>
      `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${idMark},` +
      `"progress":${index + 1},"total":${progress + 1},"message":"${message}"}}`,
  );
  return [...events, resultBody(986)].map((json) => `event: message\ndata: ${json}\n\n`);
};

const sentences =
  'The quarterly report lists revenue by region, and the north grew most.\\n' +
  'Rain is expected on Tuesday; the garden party moves indoors.\\n' +
  'He wrote \\"see page 12\\" beside the second table.\\n';

/** Harmless English as it stands inside a JSON string, escapes included, cut to exactly `length` bytes. */
const prose = (length: number): string => {
  if (length < 0) throw new RangeError(`the body is ${-length} bytes too small for its envelope`);
  const text = sentences.repeat(Math.ceil(length / sentences.length)).slice(0, length);
  // A cut in the middle of an escape would end the JSON string wrongly.
  return text.endsWith('\\') ? `${text.slice(0, -1)}.` : text;
};
