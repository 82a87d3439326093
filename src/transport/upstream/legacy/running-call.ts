import type { JsonRpcId, Reply } from '../../../model/call.ts';
import { isJsonObject, type JsonDocument, type JsonObject, objectMember } from '../../../model/json.ts';
import { methods } from '../../../model/method.ts';
import { Refusal, refuse } from '../../../model/refusal.ts';
import type { RelayOrder } from '../../../pipeline/ports.ts';
import { documentOf } from '../../../wire/json/read.ts';
import type { Failure } from '../link.ts';
import type { SuspendedCalls } from './suspended-calls.ts';

/** What a running call needs of its link. */
export interface RunningCallPorts {
  readonly suspended: SuspendedCalls;
  readonly timeoutMs: number;
  /** Sends the client's answer to a request of the server. */
  readonly answer: (id: JsonRpcId, result: JsonObject) => void;
  /** Turns a request of the server down. */
  readonly decline: (id: JsonRpcId) => void;
}

interface Question {
  readonly id: JsonRpcId;
  readonly method: string;
  readonly params: JsonObject | undefined;
}

/** Servers ask for several things at once; what comes within this time is put to the client together. */
const gatherMs = 30;
/** A server that asks for more at once is turned down. */
const mostQuestions = 32;

/**
 * One call of a server with sessions. When the server asks its client for something, the call is suspended: the client
 * is answered `input_required`, and its retry goes on with the same call (patterns/mrtr against 2025-11-25 requests).
 */
export class RunningCall {
  /** Aborted when nobody waits for the server any more; the server is told then. */
  readonly stop: AbortController = new AbortController();
  #order: RelayOrder;
  readonly #ports: RunningCallPorts;
  readonly #questions = new Map<string, Question>();
  #asked = 0;
  #state: string | undefined;
  #outcome: Reply | Failure | undefined;
  #round: PromiseWithResolvers<Reply | Failure> | undefined;
  #endRound: (() => void) | undefined;
  #gathering: NodeJS.Timeout | undefined;

  constructor(order: RelayOrder, ports: RunningCallPorts) {
    this.#order = order;
    this.#ports = ports;
  }

  get interactive(): boolean {
    return methods[this.#order.call.method].interactive === true;
  }

  /** Waits for the end of one round: the result, a question to the client, a refusal. */
  wait(signal: AbortSignal): Promise<Reply | Failure> {
    const round = Promise.withResolvers<Reply | Failure>();
    const cancel = (): void => this.#giveUp(refuse('cancelled', 'the caller cancelled'));
    const { timeoutMs } = this.#ports;
    const timer = setTimeout(
      () => this.#giveUp(refuse('upstream_timeout', `no answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    signal.addEventListener('abort', cancel, { once: true });
    this.#round = round;
    this.#endRound = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
      this.#round = undefined;
    };
    if (signal.aborted) cancel();
    else if (this.#outcome !== undefined) this.#end(this.#outcome);
    return round.promise;
  }

  /** The server has answered, or cannot any more. */
  readonly finish = (outcome: Reply | Failure): void => {
    this.#outcome ??= outcome;
    clearTimeout(this.#gathering);
    if (this.#round !== undefined) this.#end(this.#outcome);
  };

  /** Takes a request of the server. */
  ask(id: JsonRpcId, method: string, params: JsonObject | undefined): void {
    if (this.#questions.size >= mostQuestions) {
      this.#ports.decline(id);
      return;
    }
    const key = `${method.replace(/\/.*/, '')}-${++this.#asked}`;
    const { _meta, ...asked } = params ?? {};
    this.#questions.set(key, { id, method, params: params === undefined ? undefined : asked });
    this.#gather();
  }

  /** The server takes its request back. */
  withdraw(id: unknown): void {
    for (const [key, question] of this.#questions) if (question.id === id) this.#questions.delete(key);
  }

  /** Hands a message to the client; between two rounds nobody is there to take it. */
  async notify(message: JsonDocument): Promise<void> {
    const round = this.#round;
    if (round === undefined) return;
    const over = round.promise.then(() => undefined);
    await Promise.race([this.#order.notify(message), over]);
  }

  get progressToken(): JsonRpcId | undefined {
    return this.#order.call.client.progressToken;
  }

  #gather(): void {
    clearTimeout(this.#gathering);
    this.#gathering = setTimeout(() => this.#suspend(), gatherMs);
  }

  #suspend(): void {
    if (this.#round === undefined || this.#questions.size === 0) return;
    const state = this.#ports.suspended.keep({
      principal: this.#order.scope.principal,
      resume: (order, signal) => this.#resume(order, signal),
      abandon: (detail) => this.#abandon(detail),
    });
    if (state === undefined) {
      this.#giveUp(refuse('overloaded', 'too many calls wait for their clients'));
      return;
    }
    this.#state = state;
    this.#end(this.#inputRequired(state));
  }

  #inputRequired(requestState: string): Reply {
    const questions = [...this.#questions].map(([key, { method, params }]): [string, JsonObject] => [
      key,
      { method, ...(params !== undefined && { params }) },
    ]);
    const result = {
      resultType: 'input_required',
      inputRequests: Object.fromEntries(questions),
      requestState,
    };
    return {
      kind: 'input_required',
      document: documentOf({ jsonrpc: '2.0', id: this.#order.call.id, result }),
    };
  }

  async #resume(order: RelayOrder, signal: AbortSignal): Promise<Reply | Refusal> {
    this.#state = undefined;
    const { call, primitive } = this.#order;
    if (order.call.method !== call.method || order.primitive.name !== primitive.name) {
      this.#abandon('the retry is of another call');
      return refuse('state_invalid', 'the request state is of another call');
    }
    this.#order = order;
    const outcome = this.wait(signal);
    this.#answer(objectMember(order.call.params, 'inputResponses') ?? {});
    const reply = await outcome;
    return reply instanceof Refusal || 'document' in reply ? reply : refuse('upstream_failed', reply.detail);
  }

  /** What the client left unanswered is put to it again. */
  #answer(responses: JsonObject): void {
    for (const [key, { id }] of this.#questions) {
      const response = Object.hasOwn(responses, key) ? responses[key] : undefined;
      if (!isJsonObject(response)) continue;
      this.#questions.delete(key);
      this.#ports.answer(id, response);
    }
    if (this.#questions.size > 0) this.#gather();
  }

  #giveUp(refusal: Refusal): void {
    this.finish(refusal);
    this.#abandon(refusal.detail);
  }

  #abandon(detail: string): void {
    if (this.#state !== undefined) this.#ports.suspended.forget(this.#state);
    clearTimeout(this.#gathering);
    for (const { id } of this.#questions.values()) this.#ports.decline(id);
    this.#questions.clear();
    this.#outcome ??= refuse('cancelled', detail);
    this.stop.abort();
  }

  #end(outcome: Reply | Failure): void {
    const round = this.#round;
    this.#endRound?.();
    round?.resolve(outcome);
  }
}
