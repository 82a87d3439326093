import type { IncomingMessage } from 'node:http';
import { type SseEvent, sseReader } from '../../wire/sse.ts';

/** More than a gateway lets through by default; a bound all the same, because a line must be held whole. */
const largestMessage = 256 * 1024 * 1024;

/** The JSON-RPC messages of a response: none, one, or those of its event stream as they come. */
export async function* messagesOf(response: IncomingMessage): AsyncGenerator<Uint8Array> {
  if (isEventStream(response)) {
    for await (const event of eventsOf(response)) if (isMessage(event)) yield Buffer.from(event.data);
    return;
  }
  const body = await bodyOf(response);
  if (essenceOf(response) === 'application/json' && body.length > 0) yield body;
}

/** Whether the response goes on as a stream of events. */
export function isEventStream(response: IncomingMessage): boolean {
  return essenceOf(response) === 'text/event-stream';
}

/**
 * The events of a response as they come.
 * @throws Error when the stream breaks, or holds a message that is too large
 */
export async function* eventsOf(response: IncomingMessage): AsyncGenerator<SseEvent> {
  const reader = sseReader(largestMessage);
  for await (const chunk of response) {
    const events = reader.push(chunk as Uint8Array);
    if (events === undefined) throw tooLarge();
    yield* events;
  }
}

/** Other events than `message` carry no JSON-RPC; neither do the empty ones that only carry an id. */
export function isMessage({ event, data }: SseEvent): boolean {
  return (event === undefined || event === 'message') && data !== '';
}

/** The whole body of a response. */
export async function bodyOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Uint8Array);
    length += (chunk as Uint8Array).length;
    if (length > largestMessage) throw tooLarge();
  }
  return Buffer.concat(chunks);
}

function essenceOf({ headers }: IncomingMessage): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function tooLarge(): Error {
  return new Error(`the gateway sent a message of more than ${largestMessage} bytes`);
}
