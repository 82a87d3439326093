import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { type SseEvent, sseReader } from '../../src/wire/sse.ts';

/** A request whose answer is read while it comes. */
export interface Streaming {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  /** The next event of the stream; undefined after the last. */
  readonly next: () => Promise<SseEvent | undefined>;
  /** The data of the next event, as JSON. */
  readonly json: () => Promise<Message>;
  /** The whole body, for answers that are no streams. */
  readonly text: () => Promise<string>;
  /** Goes away without reading the rest. */
  readonly leave: () => void;
}

/** A JSON-RPC message as tests look at it. */
// biome-ignore lint/suspicious/noExplicitAny: tests read answers of many shapes
export type Message = Record<string, any>;

/** Sends a request and resolves with the head of its answer. */
export function send(
  port: number,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
): Promise<Streaming> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', method, path, headers, agent: false }, (answer) =>
      resolve(streaming(sent, answer)),
    );
    sent.once('error', reject);
    sent.end(body);
  });
}

function streaming(sent: ClientRequest, answer: IncomingMessage): Streaming {
  const events: SseEvent[] = [];
  const texts: string[] = [];
  const reader = sseReader(1 << 24);
  let wake = (): void => undefined;
  let ended = false;
  answer.on('data', (chunk: Buffer) => {
    texts.push(chunk.toString());
    events.push(...(reader.push(chunk) ?? []));
    wake();
  });
  const end = (): void => {
    ended = true;
    wake();
  };
  answer.on('error', end);
  answer.on('close', end);
  const next = async (): Promise<SseEvent | undefined> => {
    while (events.length === 0 && !ended) await new Promise<void>((resolve) => (wake = resolve));
    return events.shift();
  };
  return {
    status: answer.statusCode ?? 0,
    header: (name) => answer.headers[name]?.toString(),
    next,
    json: async () => JSON.parse((await next())?.data ?? '{"ended":true}') as Message,
    text: async () => {
      while (!ended) await new Promise<void>((resolve) => (wake = resolve));
      return texts.join('');
    },
    leave: () => sent.destroy(),
  };
}

/** A client of an older revision. */
export interface LegacyClient {
  readonly session: string;
  readonly initialized: Message;
  readonly post: (message: object | string, more?: Readonly<Record<string, string>>) => Promise<Streaming>;
  readonly get: (more?: Readonly<Record<string, string>>) => Promise<Streaming>;
  readonly end: (more?: Readonly<Record<string, string>>) => Promise<Streaming>;
}

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

/** Posts a message without a session. */
export function postAlone(
  port: number,
  message: object,
  more: Readonly<Record<string, string>> = {},
): Promise<Streaming> {
  return send(
    port,
    'POST',
    '/mcp',
    { authorization: 'Bearer ann', ...json, ...more },
    JSON.stringify(message),
  );
}

/** Who begins a session, where, and what the client can do. */
export interface LegacyOptions {
  readonly revision?: string;
  readonly user?: string;
  readonly path?: string;
  readonly capabilities?: object;
}

/** Begins a session. */
export async function legacyClient(port: number, options: LegacyOptions = {}): Promise<LegacyClient> {
  const { revision = '2025-11-25', user = 'ann', path = '/mcp', capabilities = {} } = options;
  const params = { protocolVersion: revision, capabilities, clientInfo: { name: 'test', version: '1' } };
  const authorization = `Bearer ${user}`;
  const hello = { jsonrpc: '2.0', id: 0, method: 'initialize', params };
  const answer = await send(port, 'POST', path, { authorization, ...json }, JSON.stringify(hello));
  const session = answer.header('mcp-session-id') ?? '';
  const initialized = JSON.parse(await answer.text()) as Message;
  const common = { authorization, 'mcp-session-id': session, 'mcp-protocol-version': revision };
  return {
    session,
    initialized,
    post: (message, more = {}) =>
      send(
        port,
        'POST',
        path,
        { ...common, ...json, ...more },
        typeof message === 'string' ? message : JSON.stringify(message),
      ),
    get: (more = {}) => send(port, 'GET', path, { ...common, accept: 'text/event-stream', ...more }),
    end: (more = {}) => send(port, 'DELETE', path, { ...common, ...more }),
  };
}
