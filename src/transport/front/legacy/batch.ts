import { Buffer } from 'node:buffer';
import type { JsonDocument } from '../../../model/json.ts';
import { Refusal, refuse } from '../../../model/refusal.ts';
import { readBatch } from '../../../wire/front/batch.ts';
import { sseEvent } from '../../../wire/sse.ts';
import { type Answer, answerTo, type Sink } from '../answer.ts';
import { idOf, type Message, messageOf, refuseFault } from '../message.ts';
import type { Session } from './session.ts';
import { takeRequest, takeSilent } from './take-message.ts';
import { refuseRecorded, type Turn } from './turn.ts';

/** The one revision that has batches. */
const batchRevision = '2025-03-26';

/** Splits a body into its messages, or says why not. */
export function batchOf(turn: Turn, session: Session, body: Uint8Array): readonly JsonDocument[] | Refusal {
  if (session.introduction?.codec.revision !== batchRevision) {
    return refuse('batch_not_allowed', 'a batch in a revision without batches');
  }
  const { jsonDepth, batchMessages } = turn.context.limits;
  const read = readBatch(body, jsonDepth, batchMessages);
  return isDocuments(read) ? read : refuseFault(read);
}

function isDocuments(read: ReturnType<typeof readBatch>): read is readonly JsonDocument[] {
  return Array.isArray(read);
}

/**
 * Serves a batch: every message is decided on its own. The answers come together as one array, or one by one on an
 * event stream once anything had to be sent before them (2025-03-26 transports, "Sending Messages to the Server").
 */
export async function serveBatch(
  turn: Turn,
  session: Session,
  documents: readonly JsonDocument[],
): Promise<void> {
  const answer = answerTo(turn.exchange, turn.context.streams, turn.cors);
  const answers: JsonDocument[] = [];
  await Promise.all(
    documents.map((document) => serveMember(turn, session, document, memberSink(answer, answers))),
  );
  const stream = answer.stream();
  if (stream !== undefined) return finishStream(answer, answers);
  if (answers.length === 0) return turn.exchange.respond(202, [], Buffer.alloc(0));
  turn.exchange.respond(200, ['Content-Type', 'application/json', ...turn.cors], arrayOf(answers));
}

function memberSink(answer: Answer, answers: JsonDocument[]): Sink {
  return { send: answer.send, finish: ({ document }) => void answers.push(document) };
}

async function serveMember(turn: Turn, session: Session, document: JsonDocument, sink: Sink): Promise<void> {
  const message = memberOf(document);
  if (message instanceof Refusal) {
    return sink.finish(await refuseRecorded(turn, message, idOf(document), session.introduction?.codec));
  }
  if (message.kind === 'request') return takeRequest(turn, session, message, sink);
  takeSilent(session, message);
}

/** A session begins with a message of its own (2025-03-26 lifecycle, "Initialization"). */
function memberOf(document: JsonDocument): Message | Refusal {
  const message = messageOf(document);
  const begins =
    !(message instanceof Refusal) && message.kind === 'request' && message.method === 'initialize';
  return begins ? refuse('invalid_request', '`initialize` in a batch') : message;
}

function finishStream(answer: Answer, answers: readonly JsonDocument[]): void {
  const stream = answer.openStream();
  for (const { bytes } of answers) void stream.write(sseEvent(bytes));
  stream.end();
}

function arrayOf(documents: readonly JsonDocument[]): Uint8Array {
  const parts = documents.flatMap(({ bytes }, index) => [Buffer.from(index === 0 ? '[' : ','), bytes]);
  return Buffer.concat([...parts, Buffer.from(']')]);
}
