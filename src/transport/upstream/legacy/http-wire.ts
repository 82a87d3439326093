import type { JsonRpcId } from '../../../model/call.ts';
import type { JsonDocument } from '../../../model/json.ts';
import { Refusal, refuse } from '../../../model/refusal.ts';
import type { Scope } from '../../../pipeline/ports.ts';
import { isMessageEvent, type SseEvent } from '../../../wire/sse.ts';
import { pause } from '../../pause.ts';
import { type AuthorizedOptions, authorizedExchange, type Target } from '../http/authorized.ts';
import type { Answer } from '../http/exchange.ts';
import { errorOf, failureOf } from '../http/faults.ts';
import { type HeaderBase, headerBase } from '../http/headers.ts';
import { openPool, requestPath } from '../http/pool.ts';
import { type Failure, NotServed } from '../link.ts';
import { readMessage, sortMessage } from '../message.ts';
import type { HttpSettings, LinkContext } from '../settings.ts';
import type { OpenWire, Receiver, Sending, Wire } from '../wire.ts';
import { type Cursor, resumeDelay } from './resumption.ts';

/** Streamable HTTP of 2025-03-26 to 2025-11-25: a session, answers as JSON or event streams, and one stream beside. */
export function httpWire(context: LinkContext<HttpSettings>, scope: Scope): OpenWire {
  return (receiver) => new HttpWire(context, scope, receiver);
}

const mostResumptions = 10;
const standMs = 3_000;
const farewellMs = 1_000;

class HttpWire implements Wire {
  readonly #context: LinkContext<HttpSettings>;
  readonly #receiver: Receiver;
  readonly #target: Target;
  readonly #path: string;
  readonly #base: HeaderBase = headerBase([]);
  readonly #closing = new AbortController();
  readonly #stands = Promise.withResolvers<void>();
  #scope: Scope;
  #sessionId: string | undefined;
  #revision: string | undefined;

  constructor(context: LinkContext<HttpSettings>, scope: Scope, receiver: Receiver) {
    const url = new URL(context.settings.url);
    this.#context = context;
    this.#scope = scope;
    this.#receiver = receiver;
    this.#target = { pool: openPool(context), origin: url.origin };
    this.#path = requestPath(url);
  }

  readonly send = async (document: JsonDocument, sending: Sending): Promise<Failure | undefined> => {
    this.#scope = sending.scope;
    const cursor: Cursor = {};
    let answer = await this.#post(document, sending, cursor);
    for (let tries = 0; isCut(answer, sending, cursor) && tries < mostResumptions; tries++) {
      await pause(resumeDelay(cursor, 0), sending.signal);
      answer = await this.#get(cursor, sending.id, sending.signal);
    }
    return answer instanceof Refusal ? answer : this.#judge(answer, sending, cursor);
  };

  readonly begin = (revision: string): void => {
    this.#revision = revision;
    void this.#keepStream();
  };

  /** A server that leaves the request for its stream unanswered is taken for one that has none. */
  readonly listening = (): Promise<void> =>
    Promise.race([this.#stands.promise, pause(standMs, this.#closing.signal)]);

  readonly close = async (): Promise<void> => {
    this.#closing.abort();
    if (this.#sessionId !== undefined) await this.#farewell();
    await this.#target.pool.destroy();
  };

  #post(document: JsonDocument, { id, signal }: Sending, cursor: Cursor): Promise<Answer | Refusal> {
    const request: AuthorizedOptions = {
      ...this.#request('POST', ['content-type', 'application/json']),
      body: document.bytes,
      onHead: (_status, headers) => {
        const given = headers['mcp-session-id'];
        if (this.#revision === undefined && typeof given === 'string') this.#sessionId = given;
      },
      onEvent: (event) => this.#take(event, id, cursor),
    };
    return this.#exchange(request, cursor, signal);
  }

  /** Goes on with a stream, or opens the one that belongs to no request (2025-11-25, "Resumability and Redelivery"). */
  #get(
    cursor: Cursor,
    id: JsonRpcId | undefined,
    signal: AbortSignal,
    stands?: () => void,
  ): Promise<Answer | Refusal> {
    const resumed = cursor.eventId === undefined ? [] : ['last-event-id', cursor.eventId];
    const request: AuthorizedOptions = {
      ...this.#request('GET', resumed),
      onHead: () => stands?.(),
      onEvent: (event) => this.#take(event, id, cursor),
    };
    return this.#exchange(request, cursor, AbortSignal.any([signal, this.#closing.signal]));
  }

  /** Ends with the HTTP response, or before it once the awaited JSON-RPC response was among the events. */
  #exchange(request: AuthorizedOptions, cursor: Cursor, signal: AbortSignal): Promise<Answer | Refusal> {
    return new Promise((resolve) => {
      const running = authorizedExchange(this.#target, request, signal, resolve);
      cursor.answered = () => {
        running.finish();
        resolve({ status: 200, headers: {}, document: undefined, streamed: true });
      };
    });
  }

  #request(method: 'POST' | 'GET' | 'DELETE', more: readonly string[]): AuthorizedOptions {
    const { limits } = this.#context;
    const accept = method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream';
    return {
      method,
      path: this.#path,
      credential: this.#scope.credential,
      base: this.#base,
      headers: [
        ...['accept', accept],
        ...(this.#sessionId === undefined ? [] : ['mcp-session-id', this.#sessionId]),
        ...(this.#revision === undefined ? [] : ['mcp-protocol-version', this.#revision]),
        ...more,
      ],
      timeoutMs: undefined,
      maxBytes: limits.resultBytes,
      jsonDepth: limits.jsonDepth,
      onEvent: () => undefined,
    };
  }

  #take(event: SseEvent, id: JsonRpcId | undefined, cursor: Cursor): Promise<void> | Refusal | undefined {
    if (event.id !== undefined) cursor.eventId = event.id;
    if (event.retry !== undefined) cursor.retryMs = event.retry;
    if (!isMessageEvent(event)) return undefined;
    const document = readMessage(event.data, this.#context.limits.jsonDepth);
    if (document instanceof Refusal) return document;
    cursor.received = true;
    const message = sortMessage(document);
    const taken = this.#receiver.receive(document, id);
    if (id !== undefined && message.kind === 'response' && message.id === id) {
      cursor.done = true;
      cursor.answered?.();
    }
    return taken;
  }

  #judge(answer: Answer, { id }: Sending, cursor: Cursor): Failure | undefined {
    const { status, streamed } = answer;
    if (cursor.done === true) return undefined;
    if (status === 404 && this.#revision !== undefined) return sessionEnded(cursor);
    if (id === undefined) return status < 300 ? undefined : this.#unaccepted(status);
    if (streamed) return refuse('upstream_failed', 'the event stream ended before the response');
    return failureOf(answer) ?? this.#read(answer, id);
  }

  #read(answer: Answer, id: JsonRpcId): Failure | undefined {
    const { status, document } = answer;
    const isMessage = status === 200 || errorOf(answer) !== undefined;
    if (document !== undefined && isMessage) return this.#answered(document, id);
    if (this.#revision === undefined && status >= 400) {
      return new NotServed('era', `status ${status} to initialize`);
    }
    return refuse('upstream_failed', `status ${status} without a JSON-RPC message`);
  }

  #answered(document: JsonDocument, id: JsonRpcId): Failure | undefined {
    const answered = document.value['id'];
    if (answered === id) return void this.#receiver.receive(document, id);
    const isError = answered === null || answered === undefined;
    return isError && this.#revision === undefined
      ? new NotServed('era', 'the server turns initialize down')
      : refuse('upstream_failed', 'the response has the id of another request');
  }

  #unaccepted(status: number): Failure {
    this.#context.log('message not accepted', `status ${status}`);
    return refuse('upstream_failed', `status ${status} to a notification or response`);
  }

  /** Keeps the stream open by which the server speaks first, where it offers one (405: it does not). */
  async #keepStream(): Promise<void> {
    const { signal } = this.#closing;
    const cursor: Cursor = {};
    for (let failures = 0; !signal.aborted; failures++) {
      cursor.received = false;
      const answer = await this.#get(cursor, undefined, signal, this.#stands.resolve);
      this.#stands.resolve();
      if (signal.aborted || (!(answer instanceof Refusal) && !answer.streamed))
        return this.#streamRefused(answer);
      if (cursor.received) failures = 0;
      await pause(resumeDelay(cursor, failures), signal);
    }
  }

  #streamRefused(answer: Answer | Refusal): void {
    if (answer instanceof Refusal || answer.status === 405 || this.#closing.signal.aborted) return;
    if (answer.status === 404 && this.#sessionId !== undefined) {
      this.#receiver.lost('the session ended');
      return;
    }
    this.#context.log('no stream beside the calls', `status ${answer.status}`);
  }

  async #farewell(): Promise<void> {
    const options = { ...this.#request('DELETE', []), timeoutMs: farewellMs };
    await new Promise((resolve) =>
      authorizedExchange(this.#target, options, new AbortController().signal, resolve),
    );
  }
}

/** INVARIANT: a call of which something came back is not sent again. */
function sessionEnded({ received }: Cursor): Failure {
  return received === true
    ? refuse('upstream_failed', 'the session ended during the call')
    : new NotServed('session', 'the server no longer knows the session');
}

/** The stream of a request ended before the response, and can be gone on with. */
function isCut(answer: Answer | Refusal, { id, signal }: Sending, cursor: Cursor): boolean {
  if (id === undefined || signal.aborted || cursor.done === true || cursor.eventId === undefined)
    return false;
  return answer instanceof Refusal ? answer.code === 'upstream_failed' : answer.streamed;
}
