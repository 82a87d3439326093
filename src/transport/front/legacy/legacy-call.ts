import { type Call, isJsonRpcId } from '../../../model/call.ts';
import { type JsonDocument, type JsonObject, objectMember } from '../../../model/json.ts';
import { isMethod, methods } from '../../../model/method.ts';
import { Refusal } from '../../../model/refusal.ts';
import type { Codec } from '../../../wire/codec.ts';
import { editDocument } from '../../../wire/json/edit.ts';
import { documentOf } from '../../../wire/json/read.ts';
import type { Exchange } from '../exchange.ts';
import { type Message, paramsOf } from '../message.ts';
import { argumentsFault, invalidParams, unknownMethod } from '../modern-call.ts';
import { traceOf } from '../trace.ts';
import { clientFacts, type Session } from './session.ts';

/** A JSON-RPC request. */
export type Request = Extract<Message, { kind: 'request' }>;

const noMirrors: ReadonlyMap<string, string> = new Map();

/** Reads a request of a session. What the modern request says in `_meta`, the session knows. */
export function legacyCall(
  request: Request,
  session: Session,
  codec: Codec,
  exchange: Exchange,
): Call | Refusal {
  const { id, method, document } = request;
  const isOld = codec.front.methods.has(method);
  if (!isOld || !isMethod(method)) return unknownMethod(method);
  const params = paramsOf(document);
  const target = targetIn(params, methods[method].target);
  if (target instanceof Refusal) return target;
  const meta = objectMember(params, '_meta');
  const progressToken = meta?.['progressToken'];
  const client = { ...clientFacts(session, codec), ...(isJsonRpcId(progressToken) ? { progressToken } : {}) };
  const trace = traceOf(meta, exchange.header('traceparent'));
  return {
    id,
    method,
    endpoint: session.site.endpoint,
    target,
    params,
    document,
    client,
    trace,
    mirrors: noMirrors,
  };
}

function targetIn(params: JsonObject, member: 'name' | 'uri' | undefined): string | undefined | Refusal {
  const target = member === undefined ? undefined : params[member];
  if (member !== undefined && typeof target !== 'string')
    return invalidParams(`\`params.${member}\` is not a string`);
  return argumentsFault(params) ?? (typeof target === 'string' ? target : undefined);
}

/** A request of the inner shape that a session makes for itself: what it needs has no request of its own there. */
export function innerCall(
  method: 'server/discover' | 'subscriptions/listen',
  params: JsonObject,
  from: Pick<Call, 'id' | 'endpoint' | 'client' | 'trace'>,
): Call {
  const document = documentOf({ jsonrpc: '2.0', id: from.id, method, params });
  return { ...from, method, target: undefined, params: paramsOf(document), document, mirrors: noMirrors };
}

/** The same call with the answers that its first round asked for (patterns/mrtr, "Client Requirements"). */
export function retryOf(call: Call, responses: JsonObject, requestState: string | undefined): Call {
  const document: JsonDocument = editDocument(call.document, [
    { path: ['params', 'inputResponses'], value: responses },
    ...(requestState === undefined ? [] : [{ path: ['params', 'requestState'], value: requestState }]),
  ]);
  return { ...call, document, params: paramsOf(document) };
}
