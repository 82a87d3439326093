import type { Call } from '../../../model/call.ts';
import { type JsonDocument, objectMember, stringMember } from '../../../model/json.ts';
import { Refusal, refuse } from '../../../model/refusal.ts';
import type { Released } from '../../../pipeline/ports.ts';
import type { Codec } from '../../../wire/codec.ts';
import { pause } from '../../pause.ts';
import type { Final, Sink } from '../answer.ts';
import { refusalAnswer } from '../refusal-answer.ts';
import { type Asking, askAll } from './ask.ts';
import { legacyCall, type Request, retryOf } from './legacy-call.ts';
import { callKey, type Session } from './session.ts';
import { decide, refusedFinal, refuseRecorded, type Turn } from './turn.ts';

/** Runs one call of a session to its answer. */
export async function runCall(turn: Turn, session: Session, request: Request, sink: Sink): Promise<void> {
  const { codec } = session.introduction ?? { codec: turn.context.newestLegacy };
  const key = callKey(request.id);
  const read = legacyCall(request, session, codec, turn.exchange);
  const call = read instanceof Refusal ? read : (occupy(turn, session, key) ?? read);
  if (call instanceof Refusal) return sink.finish(await refuseRecorded(turn, call, request.id, codec));
  const controller = new AbortController();
  session.calls.set(key, controller);
  try {
    sink.finish(await rounds(turn, call, codec, { session, sink, signal: controller.signal }));
  } finally {
    session.calls.delete(key);
    turn.context.calls.give(session.principal);
    session.usedAt = turn.context.options.clock.now();
  }
}

function occupy({ context }: Turn, session: Session, key: string): Refusal | undefined {
  if (session.calls.has(key)) {
    return refuse('invalid_request', 'the id is in use', {
      reason: 'a request with this id is still running',
    });
  }
  return context.calls.take(session.principal)
    ? undefined
    : refuse('too_many_streams', 'calls beyond the limit of the principal');
}

/** Decides and forwards the call, and again with every set of answers that a round asks for. */
async function rounds(turn: Turn, first: Call, codec: Codec, asking: Asking): Promise<Final> {
  const { askRounds, askSeconds } = turn.context.limits;
  const channel = { send: (message: JsonDocument): Promise<void> => sendOlder(codec, asking.sink, message) };
  const way = { owner: asking.session.principal, channel, signal: asking.signal };
  let call = first;
  for (let round = 0; ; round++) {
    const outcome = await decide(turn, call, way);
    if (outcome.kind === 'refused') return refusedFinal(outcome, outcome.refusal, first.id, codec);
    if (outcome.reply.kind !== 'input_required') {
      return { status: 200, headers: [], document: codec.front.reply(outcome.reply, outcome.call) };
    }
    const next = round < askRounds ? await askRound(outcome, first, asking, askSeconds * 1000) : tooOften();
    if (next instanceof Refusal) {
      const { decisionId } = outcome;
      return refusalAnswer({ refusal: next, decisionId, id: first.id, call, codec });
    }
    call = next;
  }
}

function tooOften(): Refusal {
  return refuse('interaction_unavailable', 'the server asked more often than the limit', {
    reason: 'the server keeps asking for input',
  });
}

function sendOlder(codec: Codec, sink: Sink, message: JsonDocument): Promise<void> {
  const told = codec.front.notification(message);
  return told === undefined ? Promise.resolve() : sink.send(told);
}

/** A server that only wants to be asked again later (no input requests) is asked after this time. */
const pauseMs = 250;

async function askRound(
  { reply }: Released,
  call: Call,
  asking: Asking,
  limitMs: number,
): Promise<Call | Refusal> {
  const result = objectMember(reply.document.value, 'result');
  const requests = objectMember(result, 'inputRequests') ?? {};
  const requestState = stringMember(result, 'requestState');
  if (Object.keys(requests).length === 0) await pause(pauseMs, asking.signal);
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), limitMs);
  const signal = AbortSignal.any([asking.signal, limit.signal]);
  try {
    const responses = await askAll({ ...asking, signal }, call, requests);
    return responses instanceof Refusal ? responses : retryOf(call, responses, requestState);
  } finally {
    clearTimeout(timer);
  }
}
