import type { JsonRpcId, Reply } from '../../../model/call.ts';
import { canonicalCapabilities, capabilityToAsk } from '../../../model/client-capability.ts';
import { faultMessage } from '../../../model/fault-message.ts';
import { type JsonDocument, type JsonObject, objectMember } from '../../../model/json.ts';
import { Refusal, refuse } from '../../../model/refusal.ts';
import type { ListenOrder, RelayOrder, Scope } from '../../../pipeline/ports.ts';
import { editDocument } from '../../../wire/json/edit.ts';
import { documentOf } from '../../../wire/json/read.ts';
import { Conversation, type Listener } from '../conversation.ts';
import { describeResult } from '../describe.ts';
import { type Ask, type Failure, isFailure, type Link } from '../link.ts';
import { changedLists } from '../list-changes.ts';
import { type Message, requestOf, resultOf } from '../message.ts';
import { orCancelled } from '../or-cancelled.ts';
import { relayTarget } from '../relay-target.ts';
import { type LinkContext, longestCallMs } from '../settings.ts';
import type { OpenWire } from '../wire.ts';
import { changeListeners } from './change-listeners.ts';
import { resourceSubscriptions } from './resource-subscriptions.ts';
import { RunningCall, type RunningCallPorts } from './running-call.ts';
import { openSession, type Session } from './session.ts';
import type { SuspendedCalls } from './suspended-calls.ts';

/** What the session of a link is opened with. */
export interface LegacyPurpose {
  readonly scope: Scope;
  readonly suspended: SuspendedCalls;
}

/** A session with a server of 2024-11-05 to 2025-11-25, whatever carries it. */
export function legacyLink(context: LinkContext, purpose: LegacyPurpose, open: OpenWire): Link {
  return new LegacyLink(context, purpose, open).link;
}

/** Server capabilities by the first part of their methods. */
const offering: ReadonlyMap<string, string> = new Map([
  ['tools', 'tools'],
  ['prompts', 'prompts'],
  ['resources', 'resources'],
]);
const methodNotFound = -32601;
const never: AbortSignal = new AbortController().signal;

class LegacyLink implements Listener {
  readonly #context: LinkContext;
  readonly #capabilities: JsonObject;
  readonly #suspended: SuspendedCalls;
  readonly #conversation: Conversation;
  readonly #calls = new Map<JsonRpcId, RunningCall>();
  readonly #listeners = changeListeners();
  readonly #subscriptions = resourceSubscriptions((method, uri) =>
    this.#ask(method, { uri }, this.#scope, never),
  );
  /** Of the latest call, so that what goes out between calls carries a credential that is still good. */
  #scope: Scope;
  #session: Promise<Session | Failure> | undefined;
  #level: string | undefined;
  #over = false;
  #unconnected = false;

  constructor(context: LinkContext, { scope, suspended }: LegacyPurpose, open: OpenWire) {
    this.#context = context;
    this.#scope = scope;
    this.#capabilities = canonicalCapabilities(scope.capabilities);
    this.#suspended = suspended;
    this.#conversation = new Conversation(open, this);
  }

  get link(): Link {
    return {
      busy: () => this.#calls.size > 0 || this.#listeners.count() > 0 || this.#conversation.waiting > 0,
      closed: () => this.#over,
      blameless: () => this.#unconnected,
      relay: this.#relay,
      listen: this.#listen,
      ask: this.#ask,
      describe: async (scope, signal) => {
        const session = await orCancelled(this.#ready(scope), signal);
        return isFailure(session) ? session : describeResult(session.result);
      },
      close: () => {
        this.#over = true;
        return this.#conversation.close();
      },
    };
  }

  readonly onLost = (detail: string, refusal: Refusal): void => {
    this.#unconnected = isUnconnected(refusal);
    if (!this.#over && !this.#unconnected) this.#context.log('link lost', detail);
    this.#over = true;
    this.#listeners.end();
  };

  readonly onNotification = (
    { method, document }: Message & { readonly kind: 'notification' },
    origin: JsonRpcId | undefined,
  ): Promise<void> | undefined => {
    const params = objectMember(document.value, 'params');
    switch (method) {
      case 'notifications/progress':
        return this.#progress(document, params);
      case 'notifications/message':
        return this.#callOf(origin)?.notify(document);
      case 'notifications/cancelled':
        for (const call of this.#calls.values()) call.withdraw(params?.['requestId']);
        return undefined;
      default:
        for (const kind of changedLists.get(method) ?? []) this.#context.listChanged(kind);
        this.#listeners.deliver(method, document);
        return undefined;
    }
  };

  readonly onRequest = (
    { id, method, document }: Message & { readonly kind: 'request' },
    origin: JsonRpcId | undefined,
  ): void => {
    if (method === 'ping') {
      this.#answer(id, {});
      return;
    }
    const capability = capabilityToAsk(method);
    const allowed = capability !== undefined && this.#capabilities[capability] !== undefined;
    const call = allowed ? this.#callOf(origin, (running) => running.interactive) : undefined;
    if (call !== undefined) {
      call.ask(id, method, objectMember(document.value, 'params'));
      return;
    }
    this.#context.log('server request declined', method);
    this.#decline(id);
  };

  readonly #relay = async (order: RelayOrder, signal: AbortSignal): Promise<Reply | Failure> => {
    const session = await orCancelled(this.#ready(order.scope), signal);
    if (isFailure(session)) return session;
    await this.#setLevel(session, order, signal);
    if (signal.aborted) return refuse('cancelled', 'the caller cancelled');
    const id = this.#conversation.nextId();
    const running = new RunningCall(order, this.#callPorts());
    this.#calls.set(id, running);
    const request = this.#conversation.request(this.#request(session, order, id), id, {
      scope: order.scope,
      signal: running.stop.signal,
    });
    request
      .finally(() => this.#calls.delete(id))
      .then((outcome) => (isFailure(outcome) ? outcome : session.codec.upstream.reply(outcome, order.call)))
      .then(running.finish, (fault: unknown) =>
        running.finish(refuse('internal_fault', faultMessage(fault))),
      );
    return running.wait(signal);
  };

  /** INVARIANT: the id on the wire is the progress token too, so that progress finds its call. */
  #request({ codec }: Session, order: RelayOrder, id: JsonRpcId): JsonDocument {
    const { call } = order;
    return codec.upstream.request(call, {
      id,
      target: relayTarget(order),
      capabilities: this.#capabilities,
      clientInfo: this.#context.info,
      requestState: undefined,
      ...(call.client.progressToken !== undefined && { progressToken: id }),
    });
  }

  #callPorts(): RunningCallPorts {
    return {
      suspended: this.#suspended,
      timeoutMs: longestCallMs(this.#context),
      answer: (id, result) => this.#answer(id, result),
      decline: (id) => this.#decline(id),
    };
  }

  readonly #ask: Ask = async (method, params, scope, signal) => {
    const session = await orCancelled(this.#ready(scope), signal);
    if (isFailure(session)) return session;
    if (lacks(session, method)) return refuse('method_unknown', `the server does not offer ${method}`);
    const id = this.#conversation.nextId();
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(longestCallMs(this.#context))]);
    const answer = await this.#conversation.request(requestOf(id, method, params), id, {
      scope,
      signal: bounded,
    });
    return isFailure(answer) ? answer : resultOf(answer);
  };

  readonly #listen = async (order: ListenOrder, signal: AbortSignal): Promise<Failure | undefined> => {
    const session = await orCancelled(this.#ready(order.scope), signal);
    if (isFailure(session)) return session;
    const served = this.#listeners.serve(order, signal);
    const { resourceSubscriptions: uris } = order.filter;
    await this.#conversation.wire.listening();
    await this.#subscriptions.add(uris);
    order.ready();
    await served;
    if (!this.#over) this.#subscriptions.remove(uris);
    return undefined;
  };

  #ready(scope: Scope): Promise<Session | Failure> {
    this.#scope = scope;
    this.#session ??= this.#open(scope);
    return this.#session;
  }

  async #open(scope: Scope): Promise<Session | Failure> {
    const session = await openSession(this.#conversation, this.#capabilities, this.#context.info, scope);
    if (!isFailure(session)) return session;
    this.#unconnected = isUnconnected(session);
    this.#over = true;
    return session;
  }

  /** A session has one level of logging for all its calls; the pipeline sorts out what a call did not ask for. */
  async #setLevel({ result }: Session, { call, scope }: RelayOrder, signal: AbortSignal): Promise<void> {
    const { logLevel } = call.client;
    const canLog = objectMember(objectMember(result, 'capabilities'), 'logging') !== undefined;
    if (logLevel === undefined || logLevel === this.#level || !canLog) return;
    this.#level = logLevel;
    await this.#ask('logging/setLevel', { level: logLevel }, scope, signal);
  }

  #progress(document: JsonDocument, params: JsonObject | undefined): Promise<void> | undefined {
    const call = this.#calls.get(params?.['progressToken'] as JsonRpcId);
    if (call?.progressToken === undefined) return undefined;
    return call.notify(
      editDocument(document, [{ path: ['params', 'progressToken'], value: call.progressToken }]),
    );
  }

  /** The call that a message belongs to: of the stream it came on, else the only one, else the latest that may ask. */
  #callOf(
    origin: JsonRpcId | undefined,
    suits: (call: RunningCall) => boolean = () => true,
  ): RunningCall | undefined {
    const named = origin === undefined ? undefined : this.#calls.get(origin);
    const call = named ?? [...this.#calls.values()].findLast(suits);
    return call !== undefined && suits(call) ? call : undefined;
  }

  #answer(id: JsonRpcId, result: JsonObject): void {
    this.#conversation.post(documentOf({ jsonrpc: '2.0', id, result }), this.#scope);
  }

  #decline(id: JsonRpcId): void {
    const error = { code: methodNotFound, message: 'Method not found' };
    this.#conversation.post(documentOf({ jsonrpc: '2.0', id, error }), this.#scope);
  }
}

function isUnconnected(failure: Failure): boolean {
  return failure instanceof Refusal && failure.code === 'connection_required';
}

/** A server need not know the methods of a capability that it did not declare (basic/lifecycle, "Capability Negotiation"). */
function lacks({ result }: Session, method: string): boolean {
  const capabilities = objectMember(result, 'capabilities');
  const capability = offering.get(method.split('/', 1)[0] ?? '');
  if (capability === undefined) return false;
  const declared = objectMember(capabilities, capability);
  return declared === undefined || (method.endsWith('subscribe') && declared['subscribe'] !== true);
}
