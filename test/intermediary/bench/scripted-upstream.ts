import { Buffer } from 'node:buffer';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '../../../src/model/json.ts';

/** Where to register what ends after a test, or after a file. */
export interface Ending {
  readonly after: (run: () => Promise<void> | void) => void;
}

/** One request as it reached the upstream. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** Names and values in turn, as received. */
  readonly rawHeaders: readonly string[];
  readonly text: string;
  /** The body, if it is JSON; else empty. */
  readonly message: JsonObject;
  /** The number of the connection it came by. */
  readonly connection: number;
  /** The sender went away, or the answer is complete. */
  readonly closed: Promise<void>;
  /** The sender went away before the answer was complete. */
  readonly aborted: () => boolean;
}

/** The ways to answer one request. */
export interface Answering {
  /** Answers with these very bytes. */
  readonly bytes: (text: string, status?: number, headers?: Readonly<Record<string, string>>) => void;
  readonly result: (result: JsonObject, headers?: Readonly<Record<string, string>>) => void;
  readonly error: (code: number, message: string, status?: number) => void;
  /** Begins an event stream. */
  readonly stream: (headers?: Readonly<Record<string, string>>) => EventWriter;
}

/** Writes an event stream. */
export interface EventWriter {
  /** Sends one message as one event. */
  readonly send: (message: JsonObject) => void;
  /** Sends these very bytes. Resolves when more can be taken. */
  readonly raw: (bytes: string | Uint8Array) => Promise<void>;
  readonly end: () => void;
}

/** What an upstream does with a request. */
export type Script = (received: Received, answer: Answering) => Promise<void> | void;

/** An HTTP server that keeps every byte it receives and answers from a script. */
export interface ScriptedUpstream {
  readonly url: string;
  readonly requests: Received[];
  /** The requests with this MCP method. */
  readonly calls: (method: string) => readonly Received[];
  /** Every byte of every connection. */
  readonly everything: () => string;
  readonly connections: () => { readonly opened: number; readonly open: number };
}

/** Starts an upstream for one test file or test, and ends it afterwards. */
export async function scriptedUpstream(t: Ending, script: Script, path = '/mcp'): Promise<ScriptedUpstream> {
  const requests: Received[] = [];
  const bytes: Buffer[] = [];
  const numbers = new WeakMap<object, number>();
  let opened = 0;
  let open = 0;
  const server = createServer((request, response) => {
    void take(request, response, numbers.get(request.socket) ?? 0, (received) => {
      requests.push(received);
      return script(received, answering(response, received));
    });
  });
  server.on('connection', (socket) => {
    opened++;
    open++;
    numbers.set(socket, opened);
    socket.on('data', (chunk: Buffer) => bytes.push(chunk));
    socket.on('close', () => {
      open--;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    requests,
    calls: (method) => requests.filter(({ message }) => message['method'] === method),
    everything: () => Buffer.concat(bytes).toString('latin1'),
    connections: () => ({ opened, open }),
  };
}

async function take(
  request: IncomingMessage,
  response: ServerResponse,
  connection: number,
  run: (received: Received) => Promise<void> | void,
): Promise<void> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return; // the sender went away within its request: there is nothing to answer
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const closed = new Promise<void>((resolve) => response.once('close', resolve));
  await run({
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    text,
    message: messageIn(text),
    connection,
    closed,
    aborted: () => response.destroyed && !response.writableFinished,
  });
}

function messageIn(text: string): JsonObject {
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    return {};
  }
}

function answering(response: ServerResponse, { message }: Received): Answering {
  const id = message['id'] ?? null;
  const bytes: Answering['bytes'] = (text, status = 200, headers = {}) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    response.end(text);
  };
  return {
    bytes,
    result: (result, headers) => bytes(JSON.stringify({ jsonrpc: '2.0', id, result }), 200, headers),
    error: (code, text, status = 200) =>
      bytes(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message: text } }), status),
    stream: (headers = {}) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', ...headers });
      response.flushHeaders();
      return eventWriter(response);
    },
  };
}

function eventWriter(response: ServerResponse): EventWriter {
  return {
    send: (message) => void response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`),
    raw: (bytes) =>
      response.write(bytes) || response.destroyed ? Promise.resolve() : untilDrained(response),
    end: () => void response.end(),
  };
}

function untilDrained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
