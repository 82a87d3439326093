import { Buffer } from 'node:buffer';
import { connect, type Socket } from 'node:net';

/** What came back for a raw request. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Header lines of a modern request; names keep their case, so that tests can vary it. */
export type Headers = readonly (readonly [string, string])[];

/** Sends bytes over a new connection and reads until the other side closes. */
export async function raw(port: number, bytes: string | Uint8Array): Promise<RawAnswer> {
  const socket = await open(port);
  socket.write(bytes);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return parseAnswer(Buffer.concat(chunks));
}

/** Opens a connection. */
export function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** The bytes of a request that asks for the connection to be closed after its answer. */
export function requestBytes(line: string, headers: Headers, body: string | Uint8Array = ''): Buffer {
  const payload = Buffer.from(body as string);
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([
    Buffer.from(`${line} HTTP/1.1\r\nConnection: close\r\n${lines}\r\n`, 'latin1'),
    payload,
  ]);
}

/** POST with the usual headers, of which `change` replaces (by lower-case name) or, with undefined, removes some. */
export function post(
  port: number,
  body: string | Uint8Array,
  change: Readonly<Record<string, string | readonly string[] | undefined>> = {},
  path = '/mcp',
): Promise<RawAnswer> {
  const usual: Record<string, string | readonly string[] | undefined> = {
    host: `127.0.0.1:${port}`,
    authorization: 'Bearer ann',
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'content-length': String(Buffer.byteLength(body as string)),
    ...change,
  };
  const headers = Object.entries(usual).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one) => [name, one as string] as const),
  );
  return raw(port, requestBytes(`POST ${path}`, headers, body));
}

function parseAnswer(bytes: Buffer): RawAnswer {
  const end = bytes.indexOf('\r\n\r\n');
  const [line = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = new Map(
    lines.map(
      (text) =>
        [text.slice(0, text.indexOf(':')).toLowerCase(), text.slice(text.indexOf(':') + 1).trim()] as const,
    ),
  );
  const rest = bytes.subarray(end + 4);
  const body = headers.get('transfer-encoding') === 'chunked' ? unchunk(rest) : rest.toString();
  return { status: Number(line.split(' ')[1]), headers, body };
}

function unchunk(bytes: Buffer): string {
  const parts: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString(), 16);
    if (!(size > 0)) break;
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
  return Buffer.concat(parts).toString();
}
