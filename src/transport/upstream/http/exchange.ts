import { Buffer } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { faultMessage } from '../../../model/fault-message.ts';
import type { JsonDocument } from '../../../model/json.ts';
import { Refusal, refuse } from '../../../model/refusal.ts';
import { isFault, readDocument } from '../../../wire/json/read.ts';
import { type SseEvent, type SseReader, sseReader } from '../../../wire/sse.ts';
import type { Connections } from './pool.ts';

/** What came back for one HTTP request. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body, if it was JSON. */
  readonly document: JsonDocument | undefined;
  /** The body was an event stream and has ended; its events were given away as they came. */
  readonly streamed: boolean;
}

/** How one HTTP request is made and its response read. */
export interface ExchangeOptions {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly path: string;
  readonly headers: readonly string[];
  readonly body?: Uint8Array;
  /** The longest it may take; undefined: a stream without end. */
  readonly timeoutMs: number | undefined;
  readonly maxBytes: number;
  readonly jsonDepth: number;
  /** Called when the response begins. */
  readonly onHead?: (status: number, headers: IncomingHttpHeaders) => void;
  /** Takes an event. The connection is not read further until the promise resolves. A refusal ends the exchange. */
  readonly onEvent: (event: SseEvent) => Promise<void> | Refusal | undefined;
}

/** Stops an exchange; nothing is called back afterwards. */
export interface RunningExchange {
  /** The wanted message has come: what still follows is read and dropped, for a short time. */
  readonly finish: () => void;
}

const mostSkippedBytes = 65_536;
const drainMs = 1_000;

/**
 * Makes one HTTP request and reads its response as it comes: JSON into one buffer, event streams event by event.
 * `settle` is called once. Redirects are not followed.
 */
export function exchange(
  pool: Connections,
  options: ExchangeOptions,
  signal: AbortSignal,
  settle: (answer: Answer | Refusal) => void,
): RunningExchange {
  const running = new Exchange(options, signal, settle);
  running.start(pool);
  return running;
}

type Mode = 'json' | 'events' | 'skip';

class Exchange implements Dispatcher.DispatchHandler, RunningExchange {
  readonly #options: ExchangeOptions;
  readonly #signal: AbortSignal;
  readonly #settle: (answer: Answer | Refusal) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #over = false;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #mode: Mode = 'skip';
  #bytes = 0;
  readonly #chunks: Buffer[] = [];
  #reader: SseReader | undefined;
  readonly #events: SseEvent[] = [];
  #delivering = false;
  #ended = false;

  constructor(options: ExchangeOptions, signal: AbortSignal, settle: (answer: Answer | Refusal) => void) {
    this.#options = options;
    this.#signal = signal;
    this.#settle = settle;
  }

  start(pool: Connections): void {
    const { method, path, headers, body, timeoutMs } = this.#options;
    if (this.#signal.aborted) {
      this.#cancel();
      return;
    }
    this.#signal.addEventListener('abort', this.#cancel, { once: true });
    if (timeoutMs !== undefined) this.#timer = setTimeout(this.#expire, timeoutMs);
    try {
      pool.dispatch({ method, path, headers: headers as string[], body: body ?? null }, this);
    } catch (fault) {
      this.#fail(`the request could not be made: ${faultMessage(fault)}`);
    }
  }

  readonly finish = (): void => {
    this.#release();
    this.#timer = setTimeout(() => this.#abort('the response did not end'), drainMs);
    this.#timer.unref();
    this.#controller?.resume();
  };

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) controller.abort(new Error('cancelled'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (this.#over) return;
    this.#status = status;
    this.#headers = headers;
    this.#mode = modeOf(status, headers['content-type']);
    if (this.#mode === 'events') this.#reader = sseReader(this.#options.maxBytes);
    if (Number(headers['content-length'] ?? 0) > this.#options.maxBytes) {
      this.#tooLarge();
      return;
    }
    this.#options.onHead?.(status, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    if (this.#mode === 'events') {
      this.#takeEvents(chunk);
      return;
    }
    this.#bytes += chunk.length;
    if (this.#mode === 'skip') {
      if (this.#bytes > mostSkippedBytes) this.#complete();
      return;
    }
    if (this.#bytes > this.#options.maxBytes) {
      this.#tooLarge();
      return;
    }
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#over) {
      clearTimeout(this.#timer);
      return;
    }
    this.#ended = true;
    if (!this.#delivering) this.#complete();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) {
      clearTimeout(this.#timer);
      return;
    }
    this.#fail(`the connection failed: ${error.message}`);
  }

  #takeEvents(chunk: Buffer): void {
    const events = this.#reader?.push(chunk);
    if (events === undefined) {
      this.#tooLarge();
      return;
    }
    this.#events.push(...events);
    if (!this.#delivering) this.#deliver();
  }

  /** INVARIANT: while an event is being delivered the response is paused, so that a slow client slows the upstream. */
  #deliver(): void {
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
      const taken = this.#options.onEvent(event);
      if (this.#over) return;
      if (taken instanceof Refusal) {
        this.#end(taken);
        return;
      }
      if (taken !== undefined) {
        this.#pauseFor(taken);
        return;
      }
    }
    if (this.#ended) this.#complete();
  }

  #pauseFor(taken: Promise<void>): void {
    this.#delivering = true;
    this.#controller?.pause();
    const go = (): void => {
      this.#delivering = false;
      if (this.#over) return;
      this.#deliver();
      if (!this.#delivering) this.#controller?.resume();
    };
    taken.then(go, (fault: unknown) =>
      this.#fail(`a message could not be delivered: ${faultMessage(fault)}`),
    );
  }

  #complete(): void {
    const document = this.#mode === 'json' ? this.#document() : undefined;
    if (document instanceof Refusal) {
      this.#end(document);
      return;
    }
    const streamed = this.#mode === 'events';
    this.#end({ status: this.#status, headers: this.#headers, document, streamed });
  }

  /** The body of an error status says nothing if it is no JSON; the status alone is enough then. */
  #document(): JsonDocument | Refusal | undefined {
    const [first] = this.#chunks;
    const bytes = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
    const read = readDocument(bytes, { depth: this.#options.jsonDepth });
    if (!isFault(read)) return read;
    return this.#status >= 400 ? undefined : refuse('upstream_failed', `the answer: ${read.detail}`);
  }

  readonly #cancel = (): void => {
    this.#end(refuse('cancelled', 'the caller cancelled'));
  };

  readonly #expire = (): void => {
    this.#end(refuse('upstream_timeout', `no answer within ${this.#options.timeoutMs} ms`));
  };

  #tooLarge(): void {
    this.#fail(`the message is larger than ${this.#options.maxBytes} bytes`);
  }

  #fail(detail: string): void {
    this.#end(refuse('upstream_failed', detail));
  }

  #end(answer: Answer | Refusal): void {
    if (this.#over) return;
    const unfinished = !this.#ended;
    this.#release();
    if (unfinished) this.#abort('the exchange ended early');
    this.#settle(answer);
  }

  #release(): void {
    this.#over = true;
    this.#signal.removeEventListener('abort', this.#cancel);
    clearTimeout(this.#timer);
  }

  #abort(reason: string): void {
    const controller = this.#controller;
    if (controller !== undefined && !controller.aborted) controller.abort(new Error(reason));
  }
}

function modeOf(status: number, type: string | string[] | undefined): Mode {
  const media = String(type ?? '')
    .split(';', 1)[0]
    ?.trim()
    .toLowerCase();
  if (media === 'application/json' && status !== 202) return 'json';
  return media === 'text/event-stream' && status === 200 ? 'events' : 'skip';
}
