import type { JsonRpcId } from '../../model/call.ts';
import type { JsonDocument } from '../../model/json.ts';
import { Refusal, refuse } from '../../model/refusal.ts';
import type { Scope } from '../../pipeline/ports.ts';
import { type Failure, NotServed } from './link.ts';
import { type Message, notificationOf, sortMessage } from './message.ts';
import type { OpenWire, Wire } from './wire.ts';

/** What a conversation does not settle by itself. */
export interface Listener {
  readonly onRequest: (
    message: Message & { readonly kind: 'request' },
    origin: JsonRpcId | undefined,
  ) => void;
  readonly onNotification: (
    message: Message & { readonly kind: 'notification' },
    origin: JsonRpcId | undefined,
  ) => Promise<void> | undefined;
  readonly onLost: (detail: string, refusal: Refusal) => void;
}

const never: AbortSignal = new AbortController().signal;

/**
 * Requests and responses over one wire that many calls share. Ids are the conversation's own, so that two calls of one
 * principal cannot mix.
 */
export class Conversation {
  readonly wire: Wire;
  readonly #pending = new Map<JsonRpcId, (outcome: JsonDocument | Failure) => void>();
  readonly #listener: Listener;
  #lastId = 0;
  #lost: Refusal | undefined;

  constructor(open: OpenWire, listener: Listener) {
    this.#listener = listener;
    this.wire = open({ receive: this.#receive, broken: this.#break, lost: this.#lose });
  }

  get lost(): boolean {
    return this.#lost !== undefined;
  }

  get waiting(): number {
    return this.#pending.size;
  }

  nextId(): number {
    return ++this.#lastId;
  }

  /**
   * Sends a request and resolves with its response. When the signal is aborted the server is told
   * (2025-11-25 basic/utilities/cancellation: a closed connection is not a cancellation).
   */
  request(
    document: JsonDocument,
    id: JsonRpcId,
    {
      scope,
      signal,
      silent,
    }: { readonly scope: Scope; readonly signal: AbortSignal; readonly silent?: true },
  ): Promise<JsonDocument | Failure> {
    if (this.#lost !== undefined) return Promise.resolve(this.#lost);
    return new Promise((resolve) => {
      const ending = new AbortController();
      const settle = (outcome: JsonDocument | Failure): void => {
        if (!this.#pending.delete(id)) return;
        signal.removeEventListener('abort', cancel);
        resolve(outcome);
        if (outcome instanceof Refusal) ending.abort();
      };
      const cancel = (): void => {
        if (!this.#pending.has(id)) return;
        if (silent !== true) this.post(notificationOf('notifications/cancelled', { requestId: id }), scope);
        settle(refuse('cancelled', 'the caller cancelled'));
      };
      this.#pending.set(id, settle);
      if (signal.aborted) return settle(refuse('cancelled', 'the caller cancelled'));
      signal.addEventListener('abort', cancel, { once: true });
      void this.wire.send(document, { id, scope, signal: ending.signal }).then((failure) => {
        if (failure !== undefined) settle(failure);
        if (failure instanceof NotServed) this.#lose(failure.detail);
      });
    });
  }

  /** Sends a notification or a response. If it does not arrive, the wire says what became of the connection. */
  post(document: JsonDocument, scope: Scope): void {
    if (this.#lost === undefined) void this.wire.send(document, { scope, signal: never });
  }

  async close(): Promise<void> {
    this.#lose('the link was closed');
    await this.wire.close();
  }

  readonly #receive = (document: JsonDocument, origin: JsonRpcId | undefined): Promise<void> | undefined => {
    const message = sortMessage(document);
    switch (message.kind) {
      case 'response':
        if (message.id !== undefined) this.#pending.get(message.id)?.(document);
        return undefined;
      case 'notification':
        return this.#listener.onNotification(message, origin);
      case 'request':
        this.#listener.onRequest(message, origin);
        return undefined;
    }
  };

  readonly #break = (id: JsonRpcId, detail: string): void => {
    this.#pending.get(id)?.(refuse('upstream_failed', detail));
  };

  readonly #lose = (detail: string, refusal: Refusal = refuse('upstream_failed', detail)): void => {
    if (this.#lost !== undefined) return;
    this.#lost = refusal;
    for (const settle of [...this.#pending.values()]) settle(refusal);
    this.#listener.onLost(detail, refusal);
  };
}
