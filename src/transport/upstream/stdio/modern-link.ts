import type { JsonRpcId, Reply } from '../../../model/call.ts';
import { policedCapabilities } from '../../../model/client-capability.ts';
import { type JsonDocument, objectMember } from '../../../model/json.ts';
import { metaKey } from '../../../model/meta-key.ts';
import { Refusal, refuse } from '../../../model/refusal.ts';
import type { ListenOrder, RelayOrder, Scope } from '../../../pipeline/ports.ts';
import { editDocument } from '../../../wire/json/edit.ts';
import { Conversation, type Listener } from '../conversation.ts';
import { describeResult } from '../describe.ts';
import { type Ask, type Failure, isFailure, type Link } from '../link.ts';
import { changedLists } from '../list-changes.ts';
import { listenRequest } from '../listen-request.ts';
import { type Message, requestOf, resultOf, withoutSubscription } from '../message.ts';
import { modernCodec, modernMeta } from '../modern.ts';
import { relayTarget } from '../relay-target.ts';
import { type LinkContext, longestCallMs, type StdioSettings } from '../settings.ts';
import type { OpenWire } from '../wire.ts';

/** A process that speaks 2026-07-28. Its one stream serves many calls, so ids and progress tokens are the link's own. */
export function modernStdioLink(context: LinkContext<StdioSettings>, open: OpenWire): Link {
  return new ModernStdioLink(context, open).link;
}

interface RunningOrder {
  readonly order: RelayOrder;
  readonly ended: Promise<void>;
}

class ModernStdioLink implements Listener {
  readonly #context: LinkContext<StdioSettings>;
  readonly #conversation: Conversation;
  readonly #calls = new Map<JsonRpcId, RunningOrder>();
  readonly #streams = new Map<JsonRpcId, ListenOrder>();

  constructor(context: LinkContext<StdioSettings>, open: OpenWire) {
    this.#context = context;
    this.#conversation = new Conversation(open, this);
  }

  get link(): Link {
    return {
      busy: () => this.#conversation.waiting > 0,
      closed: () => this.#conversation.lost,
      relay: this.#relay,
      listen: this.#listen,
      ask: this.#ask,
      describe: async (scope, signal) =>
        describeResult(await this.#ask('server/discover', {}, scope, signal)),
      close: () => this.#conversation.close(),
    };
  }

  readonly onLost = (detail: string): void => this.#context.log('link lost', detail);

  /** Servers of this revision send no requests. */
  readonly onRequest = ({ method }: Message & { readonly kind: 'request' }): void =>
    this.#context.log('server request dropped', method);

  readonly onNotification = ({
    method,
    document,
  }: Message & { readonly kind: 'notification' }): Promise<void> | undefined => {
    const params = objectMember(document.value, 'params');
    const stream = objectMember(params, '_meta')?.[metaKey.subscriptionId];
    if (stream !== undefined) return this.#toStream(stream as JsonRpcId, method, document);
    if (method === 'notifications/progress') return this.#progress(document, params?.['progressToken']);
    if (method !== 'notifications/message') return undefined;
    const latest = [...this.#calls.values()].findLast(
      ({ order }) => order.call.client.logLevel !== undefined,
    );
    return latest === undefined ? undefined : deliver(latest, document);
  };

  readonly #relay = async (order: RelayOrder, signal: AbortSignal): Promise<Reply | Failure> => {
    const { call, requestState, scope } = order;
    const { upstream } = modernCodec;
    const id = this.#conversation.nextId();
    const document = upstream.request(call, {
      id,
      target: relayTarget(order),
      capabilities: policedCapabilities(call.client.capabilities),
      clientInfo: this.#context.info,
      requestState,
      ...(call.client.progressToken !== undefined && { progressToken: id }),
    });
    const ended = Promise.withResolvers<void>();
    this.#calls.set(id, { order, ended: ended.promise });
    const outcome = await this.#request(document, id, scope, signal);
    this.#calls.delete(id);
    ended.resolve();
    return isFailure(outcome) ? outcome : upstream.reply(outcome, call);
  };

  readonly #ask: Ask = async (method, params, scope, signal) => {
    const id = this.#conversation.nextId();
    const request = requestOf(id, method, {
      ...params,
      _meta: modernMeta(scope.capabilities, this.#context.info),
    });
    const outcome = await this.#request(request, id, scope, signal);
    return isFailure(outcome) ? outcome : resultOf(outcome);
  };

  readonly #listen = async (order: ListenOrder, signal: AbortSignal): Promise<Failure | undefined> => {
    const id = this.#conversation.nextId();
    this.#streams.set(id, order);
    const request = listenRequest(id, order.filter, modernMeta(order.scope.capabilities, this.#context.info));
    const outcome = await this.#conversation.request(request, id, { scope: order.scope, signal });
    this.#streams.delete(id);
    return isFailure(outcome) ? outcome : undefined;
  };

  async #request(
    document: JsonDocument,
    id: JsonRpcId,
    scope: Scope,
    signal: AbortSignal,
  ): Promise<JsonDocument | Failure> {
    const timeoutMs = longestCallMs(this.#context);
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeoutMs);
    const bounded = AbortSignal.any([signal, late.signal]);
    const outcome = await this.#conversation.request(document, id, { scope, signal: bounded });
    clearTimeout(timer);
    const isLate = outcome instanceof Refusal && late.signal.aborted;
    return isLate ? refuse('upstream_timeout', `no answer within ${timeoutMs} ms`) : outcome;
  }

  #toStream(id: JsonRpcId, method: string, document: JsonDocument): Promise<void> | undefined {
    const stream = this.#streams.get(id);
    if (method === 'notifications/subscriptions/acknowledged') return void stream?.ready();
    for (const kind of changedLists.get(method) ?? []) this.#context.listChanged(kind);
    return stream?.notify(withoutSubscription(document));
  }

  #progress(document: JsonDocument, token: unknown): Promise<void> | undefined {
    const running = this.#calls.get(token as JsonRpcId);
    const value = running?.order.call.client.progressToken;
    if (running === undefined || value === undefined) return undefined;
    return deliver(running, editDocument(document, [{ path: ['params', 'progressToken'], value }]));
  }
}

/** A client that takes no more holds the process up until its call ends, and no longer. */
function deliver({ order, ended }: RunningOrder, document: JsonDocument): Promise<void> {
  return Promise.race([order.notify(document), ended]);
}
