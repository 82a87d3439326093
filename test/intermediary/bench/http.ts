import { Buffer } from 'node:buffer';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { JsonObject } from '../../../src/model/json.ts';

/** One request, as the test wants it on the wire. */
export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: string | Uint8Array;
}

/** A whole answer. */
export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly text: string;
  /** Every JSON-RPC message of the answer: its body, or the events of its stream. */
  readonly messages: readonly JsonObject[];
  /** The last message: the response. */
  readonly message: JsonObject;
}

/** An answer whose body is still to come. */
export interface Open {
  readonly response: IncomingMessage;
  readonly request: ClientRequest;
  /** The next message of an event stream; undefined at its end. */
  readonly next: () => Promise<JsonObject | undefined>;
  /** The next event with its type and text; undefined at the end. */
  readonly nextEvent: () => Promise<ServerEvent | undefined>;
  /** Goes away. */
  readonly drop: () => void;
}

/** One event of a stream (HTML, "Server-sent events"). */
export interface ServerEvent {
  readonly type: string;
  readonly text: string;
}

/** Sends a request over a connection of its own and reads the whole answer. */
export async function exchange(port: number, sent: Sent): Promise<Answered> {
  const { response } = await open(port, sent);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const messages = messagesOf(response.headers['content-type'] ?? '', text);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    rawHeaders: response.rawHeaders,
    text,
    messages,
    message: messages.at(-1) ?? {},
  };
}

/** Sends a request whose answer nobody waits for; `drop` goes away. */
export function begin(port: number, sent: Sent): { readonly drop: () => void } {
  const sending = prepared(port, sent);
  sending.on('error', () => undefined);
  sending.end(sent.body);
  return { drop: () => sending.destroy() };
}

/** Sends a request and resolves when its answer begins. */
export function open(port: number, sent: Sent): Promise<Open> {
  return new Promise((resolve, reject) => {
    const sending = prepared(port, sent);
    sending.once('response', (response) => resolve(opened(sending, response)));
    sending.once('error', reject);
    sending.end(sent.body);
  });
}

function prepared(port: number, { method = 'POST', path = '/mcp', headers = {} }: Sent): ClientRequest {
  const present = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, typeof value === 'string' ? value : [...value]] as const],
  );
  return request({
    host: '127.0.0.1',
    port,
    method,
    path,
    agent: false,
    headers: Object.fromEntries(present),
  });
}

function opened(sending: ClientRequest, response: IncomingMessage): Open {
  const events = eventsIn(response);
  const nextEvent = async (): Promise<ServerEvent | undefined> => (await events.next()).value;
  return {
    request: sending,
    response,
    nextEvent,
    next: async () => {
      const event = await nextEvent();
      return event === undefined ? undefined : (JSON.parse(event.text) as JsonObject);
    },
    drop: () => sending.destroy(),
  };
}

async function* eventsIn(response: IncomingMessage): AsyncGenerator<ServerEvent, undefined> {
  let rest = '';
  response.setEncoding('utf8');
  try {
    for await (const chunk of response) {
      const parts = (rest + String(chunk)).split('\n\n');
      rest = parts.pop() ?? '';
      yield* parts.flatMap(eventIn);
    }
  } catch {
    // The connection was cut: for the reader the stream is over.
  }
  return undefined;
}

function eventIn(block: string): readonly ServerEvent[] {
  const fields = block.split('\n').map((line) => /^(\w*):? ?(.*)$/s.exec(line) ?? []);
  const texts = fields.flatMap(([, name, value]) => (name === 'data' ? [value ?? ''] : []));
  const type = fields.find(([, name]) => name === 'event')?.[2] ?? 'message';
  return texts.length === 0 ? [] : [{ type, text: texts.join('\n') }];
}

function messagesOf(type: string, text: string): readonly JsonObject[] {
  if (text === '') return [];
  if (type.startsWith('text/event-stream')) {
    return text
      .split('\n\n')
      .flatMap(eventIn)
      .map((event) => JSON.parse(event.text) as JsonObject);
  }
  if (!type.startsWith('application/json')) return [];
  const value = JSON.parse(text) as JsonObject | readonly JsonObject[];
  return Array.isArray(value) ? value : [value as JsonObject];
}
