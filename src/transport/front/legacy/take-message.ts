import { isJsonRpcId, type JsonRpcId } from '../../../model/call.ts';
import type { JsonDocument } from '../../../model/json.ts';
import { documentOf } from '../../../wire/json/read.ts';
import type { Sink } from '../answer.ts';
import { type Message, paramsOf } from '../message.ts';
import type { Request } from './legacy-call.ts';
import { runCall } from './run-call.ts';
import { callKey, type Session } from './session.ts';
import { applySessionRequest, isSessionRequest } from './session-request.ts';
import { refuseRecorded, type Turn } from './turn.ts';

const cancelled = new Error('the client cancelled the call');

/** Takes a request of a session and answers it. */
export function takeRequest(turn: Turn, session: Session, request: Request, sink: Sink): Promise<void> {
  return isSessionRequest(request)
    ? answerSessionRequest(turn, session, request, sink)
    : runCall(turn, session, request, sink);
}

async function answerSessionRequest(
  turn: Turn,
  session: Session,
  request: Request,
  sink: Sink,
): Promise<void> {
  const { id } = request;
  const refusal = applySessionRequest(session, request, turn.context.limits.subscriptionsPerSession);
  if (refusal !== undefined) {
    return sink.finish(await refuseRecorded(turn, refusal, id, session.introduction?.codec));
  }
  sink.finish({ status: 200, headers: [], document: documentOf({ jsonrpc: '2.0', id, result: {} }) });
}

/** Takes a message that has no answer. Unknown ones mean nothing and go nowhere. */
export function takeSilent(session: Session, message: Exclude<Message, { kind: 'request' }>): void {
  if (message.kind === 'response') takeResponse(session, message.id, message.document);
  else if (message.method === 'notifications/cancelled') cancel(session, message.document);
}

function takeResponse(session: Session, id: JsonRpcId, document: JsonDocument): void {
  if (typeof id === 'string') session.asked.get(id)?.(document);
}

/** In the older revisions this, and not a lost connection, cancels a call (basic/utilities/cancellation). */
function cancel(session: Session, document: JsonDocument): void {
  const id = paramsOf(document)['requestId'];
  if (isJsonRpcId(id)) session.calls.get(callKey(id))?.abort(cancelled);
}
