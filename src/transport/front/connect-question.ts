import type { Call, Reply } from '../../model/call.ts';
import { isDeclared } from '../../model/client-capability.ts';
import { connectKey } from '../../model/connect.ts';
import { type JsonObject, objectMember, stringMember } from '../../model/json.ts';
import { metaKey } from '../../model/meta-key.ts';
import { methods } from '../../model/method.ts';
import type { Refusal } from '../../model/refusal.ts';
import { documentOf } from '../../wire/json/read.ts';
import type { RefusedMessage } from './refusal-answer.ts';

/** The error by which 2025-11-25 asks the user to open an address (client/elicitation, "URL Elicitation Required"). */
const urlElicitationRequired = -32042;

/** What the user has to open, as the refusal `connection_required` names it. */
interface Page {
  readonly url: string;
  readonly elicitationId: string;
  readonly message: string;
}

/**
 * The question to connect an account, put to a client that can open an address: `input_required` where 2026-07-28 allows
 * it, the error -32042 for 2025-11-25. Undefined for every other refusal and client: those are told the address in words.
 */
export function connectQuestion(
  { refusal, decisionId, codec }: RefusedMessage,
  call: Call,
): Reply | undefined {
  const page = pageOf(refusal);
  if (page === undefined || !isDeclared(call.client.capabilities, 'elicitation', 'url')) return undefined;
  if (codec === undefined || codec.era === 'modern') return inputRequired(page, call, decisionId);
  return codec.revision === '2025-11-25' ? elicitationError(page, call, refusal, decisionId) : undefined;
}

/** Says in words where an account is connected; undefined for every other refusal. */
export function connectAddress(refusal: Refusal): string | undefined {
  const page = pageOf(refusal);
  return page && `open ${page.url} in a browser, connect the account and call again`;
}

function pageOf({ code, data }: Refusal): Page | undefined {
  if (code !== 'connection_required') return undefined;
  const url = stringMember(data, 'url');
  const elicitationId = stringMember(data, 'elicitationId');
  const message = stringMember(data, 'message');
  if (url === undefined || elicitationId === undefined || message === undefined) return undefined;
  return { url, elicitationId, message };
}

/**
 * A request state that the client brought belongs to the upstream's own questions. It goes back as it is, because the
 * client sends with its retry what the latest answer holds (basic/patterns/mrtr).
 */
function inputRequired(
  { url, message }: Page,
  call: Call,
  decisionId: string | undefined,
): Reply | undefined {
  if (methods[call.method].interactive !== true || hasDeclined(call)) return undefined;
  const { requestState } = call.params;
  const request = { method: 'elicitation/create', params: { mode: 'url', message, url } };
  const result: JsonObject = {
    resultType: 'input_required',
    inputRequests: { [connectKey]: request },
    ...(typeof requestState === 'string' && { requestState }),
    _meta: { [metaKey.decision]: decisionId },
  };
  return { kind: 'input_required', document: documentOf({ jsonrpc: '2.0', id: call.id, result }) };
}

/** A user who said no is not asked again by the retry. */
function hasDeclined({ params }: Call): boolean {
  const answer = objectMember(objectMember(params, 'inputResponses'), connectKey);
  return answer !== undefined && answer['action'] !== 'accept';
}

function elicitationError(
  { url, elicitationId, message }: Page,
  { id }: Call,
  refusal: Refusal,
  decisionId: string | undefined,
): Reply {
  const elicitations = [{ mode: 'url', elicitationId, url, message }];
  const data = { elicitations, denial: refusal.code, decision: decisionId };
  const error = { code: urlElicitationRequired, message, data };
  return { kind: 'error', document: documentOf({ jsonrpc: '2.0', id, error }) };
}
