import { Buffer } from 'node:buffer';
import { Refusal, refuse } from '../../../model/refusal.ts';
import { sseEvent } from '../../../wire/sse.ts';
import type { Sink } from '../answer.ts';
import type { EventStream } from '../exchange.ts';
import { acceptsStream } from '../headers.ts';
import { idOf, messageOf, readBody } from '../message.ts';
import { follow } from './follow.ts';
import { finalOf, introduce, isIntroduced } from './initialize.ts';
import { type Host, type Incoming, knock, refuseTurn, sessionOf } from './knock.ts';
import type { Request } from './legacy-call.ts';
import { newSession, type Session } from './session.ts';
import { takeRequest, takeSilent } from './take-message.ts';
import { refuseRecorded, type Turn } from './turn.ts';

const accepted = Buffer.from('Accepted');

/**
 * GET of HTTP+SSE (2024-11-05 transports): a session that lives as long as its stream. The first event tells where its
 * messages go; what comes back for them comes on this stream.
 */
export async function openSse(host: Host, incoming: Incoming): Promise<void> {
  const known = await knock(host, incoming);
  if (known === undefined) return;
  const { turn, subject } = known;
  const { longStreams, streams, options } = host.context;
  const session = newSession(subject.principal, turn.site, undefined, options.clock.now());
  const barred = acceptsStream(turn.exchange) ? undefined : refuse('not_acceptable', 'GET Accept');
  const full = barred ?? (longStreams.take(subject.principal) ? undefined : tooMany());
  if (full !== undefined) return refuseTurn(turn, full, undefined);
  const unregistered = host.sessions.add(session);
  if (unregistered !== undefined) {
    longStreams.give(subject.principal);
    return refuseTurn(turn, unregistered, undefined);
  }
  const stream = streams.open(turn.exchange, turn.cors);
  session.stream = stream;
  stream.onClose(() => {
    longStreams.give(subject.principal);
    host.sessions.end(session);
  });
  void stream.write(sseEvent(`/messages${turn.site.suffix}?sessionId=${session.id}`, { event: 'endpoint' }));
}

function tooMany(): Refusal {
  return refuse('too_many_streams', 'streams beyond the limit of the principal');
}

/** POST of HTTP+SSE: taken at once, answered on the stream of the session. */
export async function sseMessage(host: Host, incoming: Incoming, body: Uint8Array): Promise<void> {
  const known = await knock(host, incoming);
  if (known === undefined) return;
  const { turn } = known;
  const document = readBody(body, host.context.limits.jsonDepth);
  const message = document instanceof Refusal ? document : messageOf(document);
  const id = document instanceof Refusal ? undefined : idOf(document);
  const session = sessionOf(host, known, new URLSearchParams(turn.exchange.query).get('sessionId') ?? '');
  if (session instanceof Refusal) return refuseTurn(turn, session, id);
  if (message instanceof Refusal) return refuseTurn(turn, message, id);
  turn.exchange.respond(202, turn.cors, accepted);
  if (message.kind !== 'request') return takeSilent(session, message);
  const { stream } = session;
  if (stream !== undefined) await take(turn, session, message, stream);
}

function take(turn: Turn, session: Session, request: Request, stream: EventStream): Promise<void> {
  const sink = streamSink(stream);
  if (request.method === 'initialize') return begin(turn, session, request, { sink, stream });
  if (session.introduction !== undefined) return takeRequest(turn, session, request, sink);
  return refuseOn(turn, refuse('session_required', 'a request before `initialize`'), request, sink);
}

function streamSink(stream: EventStream): Sink {
  return {
    send: ({ bytes }) => stream.write(sseEvent(bytes)),
    finish: ({ document }) => void stream.write(sseEvent(document.bytes)),
  };
}

interface Way {
  readonly sink: Sink;
  readonly stream: EventStream;
}

async function begin(turn: Turn, session: Session, request: Request, { sink, stream }: Way): Promise<void> {
  const answered = session.introduction === undefined ? await introduce(turn, request) : undefined;
  if (answered === undefined || session.introduction !== undefined) {
    return refuseOn(turn, refuse('invalid_request', 'a second `initialize`'), request, sink);
  }
  sink.finish(finalOf(answered));
  if (!isIntroduced(answered)) return;
  session.introduction = answered.introduction;
  await follow(turn, session, stream);
}

async function refuseOn(turn: Turn, refusal: Refusal, { id }: Request, sink: Sink): Promise<void> {
  sink.finish(await refuseRecorded(turn, refusal, id));
}
