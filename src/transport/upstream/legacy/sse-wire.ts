import type { JsonDocument } from '../../../model/json.ts';
import { Refusal, refuse } from '../../../model/refusal.ts';
import type { Scope } from '../../../pipeline/ports.ts';
import { isMessageEvent, type SseEvent } from '../../../wire/sse.ts';
import { type AuthorizedOptions, authorizedExchange, type Target } from '../http/authorized.ts';
import type { Answer } from '../http/exchange.ts';
import { failureOf } from '../http/faults.ts';
import { type HeaderBase, headerBase } from '../http/headers.ts';
import { openPool, requestPath } from '../http/pool.ts';
import type { Failure } from '../link.ts';
import { orCancelled } from '../or-cancelled.ts';
import type { HttpSettings, LinkContext } from '../settings.ts';
import { takeText } from '../take-text.ts';
import type { OpenWire, Receiver, Sending, Wire } from '../wire.ts';

/** The HTTP+SSE transport of 2024-11-05: one event stream for everything that comes, and a URL for what goes. */
export function sseWire(context: LinkContext<HttpSettings>, scope: Scope): OpenWire {
  return (receiver) => new SseWire(context, scope, receiver);
}

const endpointMs = 10_000;
const postMs = 60_000;

class SseWire implements Wire {
  readonly #context: LinkContext<HttpSettings>;
  readonly #receiver: Receiver;
  readonly #url: URL;
  readonly #target: Target;
  readonly #base: HeaderBase = headerBase([]);
  readonly #closing = new AbortController();
  readonly #endpoint = Promise.withResolvers<string | Refusal>();

  constructor(context: LinkContext<HttpSettings>, scope: Scope, receiver: Receiver) {
    this.#context = context;
    this.#receiver = receiver;
    this.#url = new URL(context.settings.url);
    this.#target = { pool: openPool(context), origin: this.#url.origin };
    const options: AuthorizedOptions = {
      method: 'GET',
      path: requestPath(this.#url),
      credential: scope.credential,
      base: this.#base,
      headers: ['accept', 'text/event-stream'],
      timeoutMs: undefined,
      maxBytes: context.limits.resultBytes,
      jsonDepth: context.limits.jsonDepth,
      onEvent: this.#take,
    };
    setImmediate(() => authorizedExchange(this.#target, options, this.#closing.signal, this.#ended));
    const timer = setTimeout(() => this.#lose('no `endpoint` event came'), endpointMs);
    void this.#endpoint.promise.then(() => clearTimeout(timer));
  }

  readonly send = async (
    document: JsonDocument,
    { scope, signal }: Sending,
  ): Promise<Failure | undefined> => {
    const path = await orCancelled(this.#endpoint.promise, signal);
    if (path instanceof Refusal) return path;
    const answer = await this.#post(path, document, scope, signal);
    if (answer instanceof Refusal) return answer;
    if (answer.status >= 200 && answer.status < 300) return undefined;
    return failureOf(answer) ?? refuse('upstream_failed', `status ${answer.status} to a message`);
  };

  /** INVARIANT: this revision has no version header, and its one stream stands from the beginning. */
  readonly begin = (): void => undefined;

  readonly listening = (): Promise<void> => Promise.resolve();

  readonly close = async (): Promise<void> => {
    this.#closing.abort();
    await this.#target.pool.destroy();
  };

  #post(path: string, document: JsonDocument, scope: Scope, signal: AbortSignal): Promise<Answer | Refusal> {
    const { limits } = this.#context;
    return new Promise((resolve) => {
      const options: AuthorizedOptions = {
        method: 'POST',
        path,
        credential: scope.credential,
        base: this.#base,
        headers: ['content-type', 'application/json'],
        body: document.bytes,
        timeoutMs: postMs,
        maxBytes: limits.resultBytes,
        jsonDepth: limits.jsonDepth,
        onEvent: () => undefined,
      };
      authorizedExchange(this.#target, options, signal, resolve);
    });
  }

  readonly #take = (event: SseEvent): Promise<void> | undefined => {
    if (event.event === 'endpoint') {
      this.#takeEndpoint(event.data);
      return undefined;
    }
    if (!isMessageEvent(event)) return undefined;
    const { limits, log } = this.#context;
    return takeText(event.data, limits.jsonDepth, this.#receiver, log);
  };

  /** INVARIANT: messages, and the credential with them, go to the origin that the operator configured and to no other. */
  #takeEndpoint(data: string): void {
    const url = URL.canParse(data, this.#url.href) ? new URL(data, this.#url) : undefined;
    if (url === undefined || url.origin !== this.#url.origin) {
      this.#lose('the `endpoint` event names another origin');
      return;
    }
    this.#endpoint.resolve(requestPath(url));
  }

  readonly #ended = (answer: Answer | Refusal): void => {
    if (answer instanceof Refusal) {
      this.#lose(answer.detail, answer);
      return;
    }
    this.#lose(failureOf(answer)?.detail ?? `the event stream ended (status ${answer.status})`);
  };

  #lose(detail: string, refusal: Refusal = refuse('upstream_failed', detail)): void {
    this.#endpoint.resolve(refusal);
    this.#receiver.lost(detail, refusal);
    this.#closing.abort();
  }
}
