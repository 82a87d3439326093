import type { JsonRpcId, Reply } from '../../../model/call.ts';
import { policedCapabilities } from '../../../model/client-capability.ts';
import type { JsonDocument, JsonObject } from '../../../model/json.ts';
import { stringMember } from '../../../model/json.ts';
import { methodFacts } from '../../../model/method.ts';
import { refuse } from '../../../model/refusal.ts';
import type { ListenOrder, RelayOrder, Scope } from '../../../pipeline/ports.ts';
import { describeResult } from '../describe.ts';
import { type Failure, isFailure, type Link } from '../link.ts';
import { changedLists } from '../list-changes.ts';
import { listenRequest } from '../listen-request.ts';
import { requestOf, resultOf, withoutSubscription } from '../message.ts';
import { modernCodec, modernMeta } from '../modern.ts';
import { relayTarget } from '../relay-target.ts';
import { type HttpSettings, type LinkContext, longestCallMs } from '../settings.ts';
import type { Target } from './authorized.ts';
import { argumentHeaders, type HeaderBase, headerBase, methodHeaders } from './headers.ts';
import { openPool, requestPath } from './pool.ts';
import { type PostOptions, post } from './post.ts';

/** A server of 2026-07-28 over Streamable HTTP: every request stands alone, closing its response cancels it. */
export function modernHttpLink(context: LinkContext<HttpSettings>): Link {
  return new ModernHttpLink(context).link;
}

class ModernHttpLink {
  readonly #context: LinkContext<HttpSettings>;
  readonly #target: Target;
  readonly #path: string;
  readonly #base: HeaderBase;
  #running = 0;
  #lastId = 0;
  #closed = false;

  constructor(context: LinkContext<HttpSettings>) {
    const url = new URL(context.settings.url);
    this.#context = context;
    this.#target = { pool: openPool(context), origin: url.origin };
    this.#path = requestPath(url);
    this.#base = headerBase([
      ...['content-type', 'application/json'],
      ...['accept', 'application/json, text/event-stream'],
      ...['mcp-protocol-version', modernCodec.revision],
    ]);
  }

  get link(): Link {
    return {
      busy: () => this.#running > 0,
      closed: () => this.#closed,
      relay: this.#relay,
      listen: this.#listen,
      ask: this.#ask,
      describe: async (scope, signal) =>
        describeResult(await this.#ask('server/discover', {}, scope, signal)),
      close: async () => {
        this.#closed = true;
        await this.#target.pool.destroy();
      },
    };
  }

  readonly #relay = (order: RelayOrder, signal: AbortSignal): Promise<Reply | Failure> => {
    const { call, scope } = order;
    const { upstream } = modernCodec;
    const target = relayTarget(order);
    const document = upstream.request(call, {
      id: call.id,
      target,
      capabilities: policedCapabilities(call.client.capabilities),
      clientInfo: this.#context.info,
      requestState: order.requestState,
    });
    const mirrored = methodFacts(call.method)?.target === undefined ? undefined : target;
    const headers = [...methodHeaders(call.method, mirrored), ...argumentHeaders(order)];
    const onNotification = (message: JsonDocument): Promise<void> | undefined => {
      const inner = upstream.notification(message);
      return inner === undefined ? undefined : order.notify(inner);
    };
    return this.#post({ document, id: call.id, headers, scope, onNotification }, signal).then((outcome) =>
      isFailure(outcome) ? outcome : upstream.reply(outcome, call),
    );
  };

  readonly #ask = (
    method: string,
    params: JsonObject,
    scope: Scope,
    signal: AbortSignal,
  ): Promise<JsonObject | Failure> => {
    const id = ++this.#lastId;
    const document = requestOf(id, method, {
      ...params,
      _meta: modernMeta(scope.capabilities, this.#context.info),
    });
    const headers = methodHeaders(method, undefined);
    return this.#post({ document, id, headers, scope, onNotification: () => undefined }, signal).then(
      (outcome) => (isFailure(outcome) ? outcome : resultOf(outcome)),
    );
  };

  readonly #listen = async (
    { filter, scope, ready, notify }: ListenOrder,
    signal: AbortSignal,
  ): Promise<Failure | undefined> => {
    const id = ++this.#lastId;
    const headers = methodHeaders('subscriptions/listen', undefined);
    const onNotification = (message: JsonDocument): Promise<void> | undefined => {
      const method = stringMember(message.value, 'method') ?? '';
      if (method === 'notifications/subscriptions/acknowledged') return void ready();
      for (const kind of changedLists.get(method) ?? []) this.#context.listChanged(kind);
      return notify(withoutSubscription(message));
    };
    const document = listenRequest(id, filter, modernMeta(scope.capabilities, this.#context.info));
    const outcome = await this.#post({ document, id, headers, scope, onNotification, endless: true }, signal);
    return isFailure(outcome) ? outcome : undefined;
  };

  #post(
    request: Pick<PostOptions, 'document' | 'headers' | 'onNotification'> & {
      readonly id: JsonRpcId;
      readonly scope: Scope;
      readonly endless?: boolean;
    },
    signal: AbortSignal,
  ): Promise<JsonDocument | Failure> {
    const { limits, log } = this.#context;
    this.#running++;
    return new Promise((resolve) => {
      const { endless, scope, ...rest } = request;
      const { credential } = scope;
      const timeoutMs = endless === true ? undefined : longestCallMs(this.#context);
      const options = { ...rest, credential, base: this.#base, path: this.#path, timeoutMs, limits, log };
      post(this.#target, options, signal, (outcome) => {
        this.#running--;
        resolve(this.#closed ? refuse('upstream_failed', 'the link was closed') : outcome);
      });
    });
  }
}
