import { type JsonObject, stringMember } from '../../../model/json.ts';
import { logLevels } from '../../../model/notification.ts';
import { type Refusal, refuse } from '../../../model/refusal.ts';
import { paramsOf } from '../message.ts';
import { invalidParams } from '../modern-call.ts';
import type { Request } from './legacy-call.ts';
import type { Session } from './session.ts';

/** Does what a request asks of the session itself. */
type SessionRequest = (session: Session, params: JsonObject, limit: number) => Refusal | undefined;

const longestUri = 4096;

/** Requests that change the session and reach no server. What a subscription may tell is decided when it listens. */
const requests: ReadonlyMap<string, SessionRequest> = new Map([
  ['logging/setLevel', setLevel],
  ['resources/subscribe', subscribe],
  ['resources/unsubscribe', unsubscribe],
]);

/** Whether a request is for the session itself. */
export function isSessionRequest({ method }: Request): boolean {
  return requests.has(method);
}

/** Answers it: undefined means an empty result. */
export function applySessionRequest(session: Session, request: Request, limit: number): Refusal | undefined {
  return requests.get(request.method)?.(session, paramsOf(request.document), limit);
}

function setLevel(session: Session, params: JsonObject): Refusal | undefined {
  const level = stringMember(params, 'level');
  if (level === undefined || !logLevels.includes(level))
    return invalidParams('`params.level` is not a log level');
  session.logLevel = level;
  return undefined;
}

function subscribe(session: Session, params: JsonObject, limit: number): Refusal | undefined {
  const uri = stringMember(params, 'uri');
  if (uri === undefined || uri.length > longestUri) return invalidParams('`params.uri` is not a URI');
  if (session.subscriptions.has(uri)) return undefined;
  if (session.subscriptions.size >= limit) {
    return refuse('too_many_streams', 'subscriptions beyond the limit of the session');
  }
  session.subscriptions.add(uri);
  session.follow?.();
  return undefined;
}

function unsubscribe(session: Session, params: JsonObject): Refusal | undefined {
  const uri = stringMember(params, 'uri');
  if (uri === undefined) return invalidParams('`params.uri` is not a string');
  if (session.subscriptions.delete(uri)) session.follow?.();
  return undefined;
}
