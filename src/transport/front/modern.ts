import { Buffer } from 'node:buffer';
import type { Call, JsonRpcId } from '../../model/call.ts';
import { type JsonDocument, objectMember } from '../../model/json.ts';
import type { Listed } from '../../model/primitive.ts';
import { Refusal, refuse } from '../../model/refusal.ts';
import type { PrincipalKey, Subject } from '../../model/subject.ts';
import type { Arrival, Outcome } from '../../pipeline/ports.ts';
import { mirrorsAgree } from '../../wire/param-headers.ts';
import { type Answer, answerTo, type Final } from './answer.ts';
import { credentialsOf, type FrontContext } from './context.ts';
import type { Site } from './endpoints.ts';
import type { Exchange } from './exchange.ts';
import { idOf, type Message, messageOf, readBody } from './message.ts';
import { modernCall } from './modern-call.ts';
import type { Quota } from './quota.ts';
import { refusalAnswer } from './refusal-answer.ts';

const noBody = Buffer.alloc(0);

/**
 * Serves one POST of a modern client: one request, one answer. The answer is JSON, or an event stream once something
 * was sent before it. A client that goes away cancels its call (streamable-http, "Cancellation").
 */
export async function serveModern(
  context: FrontContext,
  exchange: Exchange,
  site: Site,
  body: Uint8Array,
  cors: readonly string[],
): Promise<void> {
  const visit = new Visit(context, exchange, site, body, cors);
  try {
    visit.conclude(await context.options.enforce(visit.arrival(), exchange.closed));
  } finally {
    visit.leave();
  }
}

/** One request on its way: what was learnt of it, for the answer. */
class Visit {
  readonly #context: FrontContext;
  readonly #exchange: Exchange;
  readonly #site: Site;
  readonly #body: Uint8Array;
  readonly #cors: readonly string[];
  readonly #answer: Answer;
  #id: JsonRpcId | undefined;
  #isNotification = false;
  #held: { readonly quota: Quota; readonly principal: PrincipalKey } | undefined;
  #call: Call | undefined;

  constructor(
    context: FrontContext,
    exchange: Exchange,
    site: Site,
    body: Uint8Array,
    cors: readonly string[],
  ) {
    this.#context = context;
    this.#exchange = exchange;
    this.#site = site;
    this.#body = body;
    this.#cors = cors;
    this.#answer = answerTo(exchange, context.streams, cors);
  }

  arrival(): Arrival {
    return {
      endpoint: this.#site.endpoint,
      credentials: credentialsOf(this.#exchange, this.#site),
      decode: (subject) => this.#decode(subject),
      agrees: argumentsAgree,
      channel: { send: (message) => this.#send(message) },
    };
  }

  conclude(outcome: Outcome): void {
    const isTaken = this.#isNotification && outcome.kind === 'refused' && outcome.subject !== undefined;
    if (isTaken) this.#exchange.respond(202, this.#cors, noBody);
    else this.#finish(outcome.kind === 'refused' ? this.#refused(outcome) : this.#released(outcome));
  }

  #finish(final: Final): void {
    if (this.#call?.method === 'subscriptions/listen' && final.status === 200) this.#answer.openStream();
    this.#answer.finish(final);
  }

  leave(): void {
    this.#held?.quota.give(this.#held.principal);
  }

  #decode(subject: Subject): Call | Refusal {
    const document = readBody(this.#body, this.#context.limits.jsonDepth);
    if (document instanceof Refusal) return document;
    this.#id = idOf(document);
    const message = messageOf(document);
    if (message instanceof Refusal) return message;
    if (message.kind !== 'request') return this.#withoutAnswer(message);
    const call = modernCall(message, this.#exchange, this.#site.endpoint, this.#context);
    if (call instanceof Refusal) return call;
    this.#call = call;
    return this.#occupy(call, subject.principal) ?? call;
  }

  /** This revision has neither client notifications over HTTP nor responses of the client. None travels on. */
  #withoutAnswer(message: Message): Refusal {
    this.#isNotification = message.kind === 'notification';
    const detail = this.#isNotification
      ? 'a notification without a meaning here'
      : 'a response that nobody awaits';
    return refuse('invalid_request', detail, { reason: detail });
  }

  #occupy(call: Call, principal: PrincipalKey): Refusal | undefined {
    const { longStreams, calls } = this.#context;
    const quota = call.method === 'subscriptions/listen' ? longStreams : calls;
    if (!quota.take(principal))
      return refuse('too_many_streams', `${call.method} beyond the limit of the principal`);
    this.#held = { quota, principal };
    return undefined;
  }

  #send(message: JsonDocument): Promise<void> {
    if (this.#call === undefined || this.#exchange.closed.aborted) return Promise.resolve();
    const codec = this.#context.modern.get(this.#call.client.revision);
    const told = codec?.front.notification(message);
    return told === undefined ? Promise.resolve() : this.#answer.send(told);
  }

  #refused({ refusal, decisionId, call }: Extract<Outcome, { kind: 'refused' }>): Final {
    return refusalAnswer({ refusal, decisionId, id: this.#id, call });
  }

  #released({ reply, call }: Extract<Outcome, { kind: 'released' }>): Final {
    const codec = this.#context.modern.get(call.client.revision);
    const document = codec === undefined ? reply.document : codec.front.reply(reply, call);
    return { status: reply.kind === 'error' ? statusOf(document) : 200, headers: [], document };
  }
}

/** Errors whose HTTP status the specification fixes; every other error is told with 200. */
const statuses: ReadonlyMap<unknown, number> = new Map([
  [-32601, 404],
  [-32020, 400],
  [-32021, 400],
  [-32022, 400],
]);

function statusOf(document: JsonDocument): number {
  return statuses.get(objectMember(document.value, 'error')?.['code']) ?? 200;
}

function argumentsAgree(call: Call, listed: Listed | undefined): Refusal | undefined {
  if (listed === undefined || call.method !== 'tools/call') return undefined;
  return mirrorsAgree(listed.item, objectMember(call.params, 'arguments') ?? {}, call.mirrors);
}
