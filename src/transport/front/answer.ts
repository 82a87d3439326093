import type { JsonDocument } from '../../model/json.ts';
import { sseEvent } from '../../wire/sse.ts';
import type { EventStream, Exchange } from './exchange.ts';
import type { Streams } from './streams.ts';

/** The end of an answer: one message, and the status and headers it has if nothing was sent before it. */
export interface Final {
  readonly status: number;
  readonly headers: readonly string[];
  readonly document: JsonDocument;
}

/** Where the messages of one call go. */
export interface Sink {
  /** Sends a message before the answer. Resolves when the client can take more. */
  readonly send: (message: JsonDocument) => Promise<void>;
  readonly finish: (final: Final) => void;
}

/** How a POST is answered: JSON, or an event stream once anything has to be sent before the answer. */
export interface Answer extends Sink {
  /** Makes the answer an event stream, whatever comes. */
  readonly openStream: () => EventStream;
  /** The stream, if it was opened. */
  readonly stream: () => EventStream | undefined;
}

const jsonHeaders: readonly string[] = ['Content-Type', 'application/json'];

/** The answer to one exchange. `headers` go with it in every form. */
export function answerTo(exchange: Exchange, streams: Streams, headers: readonly string[]): Answer {
  let stream: EventStream | undefined;
  const openStream = (): EventStream => {
    stream ??= streams.open(exchange, headers);
    return stream;
  };
  return {
    openStream,
    stream: () => stream,
    send: (message) => openStream().write(sseEvent(message.bytes)),
    finish: ({ status, headers: more, document }) => {
      if (stream !== undefined) stream.end(sseEvent(document.bytes));
      else exchange.respond(status, [...jsonHeaders, ...headers, ...more], document.bytes);
    },
  };
}
