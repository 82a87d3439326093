import { Buffer } from 'node:buffer';
import { objectMember, stringMember } from '../../../model/json.ts';
import { metaKey } from '../../../model/meta-key.ts';
import { Refusal, refuse } from '../../../model/refusal.ts';
import { isBatch } from '../../../wire/front/batch.ts';
import { decodeHeaderValue } from '../../../wire/header-value.ts';
import { sseKeepAlive } from '../../../wire/sse.ts';
import { answerTo } from '../answer.ts';
import type { FrontContext } from '../context.ts';
import type { Exchange } from '../exchange.ts';
import { acceptsStream } from '../headers.ts';
import { idOf, type Message, messageOf, paramsOf, readBody } from '../message.ts';
import { serveModern } from '../modern.ts';
import { unsupported } from '../modern-call.ts';
import { batchOf, serveBatch } from './batch.ts';
import { follow } from './follow.ts';
import { finalOf, introduce, isIntroduced } from './initialize.ts';
import { type Host, type Incoming, type Known, knock, refuseTurn, sessionOf } from './knock.ts';
import type { Request } from './legacy-call.ts';
import { newSession, type Session } from './session.ts';
import { takeRequest, takeSilent } from './take-message.ts';
import type { Turn } from './turn.ts';

const noBody = Buffer.alloc(0);

/** POST of Streamable HTTP before 2026-07-28: one message into a session, or `initialize`, which begins one. */
export async function postStreamable(host: Host, incoming: Incoming, body: Uint8Array): Promise<void> {
  const known = await knock(host, incoming);
  if (known === undefined) return;
  if (isBatch(body)) return postBatch(host, known, body);
  const document = readBody(body, host.context.limits.jsonDepth);
  if (document instanceof Refusal) return refuseTurn(known.turn, document, undefined);
  const message = messageOf(document);
  if (message instanceof Refusal) return refuseTurn(known.turn, message, idOf(document));
  if (isModern(message, incoming.exchange, host.context)) {
    return serveModern(host.context, incoming.exchange, incoming.site, body, incoming.cors);
  }
  return postMessage(host, known, message);
}

/** A body that claims a modern version is judged by the modern rules, whose headers it lacks. */
function isModern({ document }: Message, exchange: Exchange, { legacy }: FrontContext): boolean {
  const claimed = stringMember(objectMember(paramsOf(document), '_meta'), metaKey.protocolVersion);
  if (claimed === undefined) return false;
  return !legacy.has(claimed) || exchange.header('mcp-protocol-version') !== claimed;
}

async function postMessage(host: Host, known: Known, message: Message): Promise<void> {
  const { turn } = known;
  const id = idOf(message.document);
  const barred = checkHeaders(turn, message);
  if (barred !== undefined) return refuseTurn(turn, barred, id);
  if (message.kind === 'request' && message.method === 'initialize') return begin(host, known, message);
  const session = sessionNamed(host, known);
  if (session instanceof Refusal) return refuseTurn(turn, session, id);
  if (message.kind !== 'request') {
    takeSilent(session, message);
    return turn.exchange.respond(202, turn.cors, noBody);
  }
  return takeRequest(turn, session, message, answerTo(turn.exchange, turn.context.streams, turn.cors));
}

/**
 * Headers of the modern revision on a message of an older one: whoever reads them on the way may trust what nobody
 * compared with the body, so they are compared here (streamable-http, "Server Validation").
 */
function checkHeaders({ exchange, context }: Turn, message: Message): Refusal | undefined {
  const version = exchange.header('mcp-protocol-version');
  if (version !== undefined && !context.legacy.has(version)) return unsupported(version, context.revisions);
  const method = message.kind === 'response' ? undefined : message.method;
  if (!mirrors(exchange.header('mcp-method'), method)) return disagreement('Mcp-Method', 'method');
  const { name, uri } = paramsOf(message.document);
  return mirrors(exchange.header('mcp-name'), name ?? uri) ? undefined : disagreement('Mcp-Name', 'params');
}

function mirrors(header: string | undefined, value: unknown): boolean {
  return header === undefined || decodeHeaderValue(header) === value;
}

function disagreement(header: string, member: string): Refusal {
  const reason = `the header \`${header}\` disagrees with \`${member}\``;
  return refuse('header_mismatch', reason, { reason });
}

function sessionNamed(host: Host, known: Known): Session | Refusal {
  const id = known.turn.exchange.header('mcp-session-id');
  return id === undefined ? refuse('session_required', 'no Mcp-Session-Id') : sessionOf(host, known, id);
}

async function begin({ context, sessions }: Host, { turn, subject }: Known, request: Request): Promise<void> {
  const answered = await introduce(turn, request);
  const answer = answerTo(turn.exchange, context.streams, turn.cors);
  if (!isIntroduced(answered)) return answer.finish(finalOf(answered));
  const now = context.options.clock.now();
  const session = newSession(subject.principal, turn.site, answered.introduction, now);
  const full = sessions.add(session);
  if (full !== undefined) return refuseTurn(turn, full, request.id);
  answer.finish({ ...answered.final, headers: ['Mcp-Session-Id', session.id] });
}

async function postBatch(host: Host, known: Known, body: Uint8Array): Promise<void> {
  const { turn } = known;
  const session = sessionNamed(host, known);
  if (session instanceof Refusal) return refuseTurn(turn, batchWithout(session), undefined);
  const documents = batchOf(turn, session, body);
  if (documents instanceof Refusal) return refuseTurn(turn, documents, undefined);
  return serveBatch(turn, session, documents);
}

/** Outside of any session the batch itself is the fault: no revision begins with one. */
function batchWithout(session: Refusal): Refusal {
  return session.code === 'session_required'
    ? refuse('batch_not_allowed', 'a batch outside of a session')
    : session;
}

/** GET: the stream for what belongs to no call. A session has one; a new one takes the place of the old. */
export async function openStreamable(host: Host, incoming: Incoming): Promise<void> {
  const known = await knock(host, incoming);
  if (known === undefined) return;
  const { turn, subject } = known;
  const session = acceptsStream(turn.exchange)
    ? sessionNamed(host, known)
    : refuse('not_acceptable', 'GET Accept');
  if (session instanceof Refusal) return refuseTurn(turn, session, undefined);
  session.stream?.end();
  const { longStreams, streams } = host.context;
  if (!longStreams.take(subject.principal)) {
    return refuseTurn(
      turn,
      refuse('too_many_streams', 'streams beyond the limit of the principal'),
      undefined,
    );
  }
  const stream = streams.open(turn.exchange, turn.cors);
  session.stream = stream;
  stream.onClose(() => {
    longStreams.give(subject.principal);
    if (session.stream === stream) session.stream = undefined;
    session.usedAt = host.context.options.clock.now();
  });
  void stream.write(sseKeepAlive);
  return follow(turn, session, stream);
}

/** DELETE: the client ends its session. */
export async function endStreamable(host: Host, incoming: Incoming): Promise<void> {
  const known = await knock(host, incoming);
  if (known === undefined) return;
  const session = sessionNamed(host, known);
  if (session instanceof Refusal) return refuseTurn(known.turn, session, undefined);
  host.sessions.end(session);
  known.turn.exchange.respond(204, known.turn.cors, noBody);
}
