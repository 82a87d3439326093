import type { Call, Reply } from '../../model/call.ts';
import type { JsonDocument, JsonObject } from '../../model/json.ts';
import { objectMember } from '../../model/json.ts';
import { metaKey, ownMetaPrefix, withoutOwnMeta } from '../../model/meta-key.ts';
import { methods } from '../../model/method.ts';
import { Refusal, refuse } from '../../model/refusal.ts';
import type { RequestWish, UpstreamDialect } from '../codec.ts';
import { type Edit, editDocument } from '../json/edit.ts';
import { errorReply } from './error-reply.ts';
import { commonEdits } from './request-edits.ts';
import { readResponse } from './response.ts';

/** A server that speaks the inner shape. What needs no change passes as it is, byte for byte. */
export function modernUpstream(revision: string): UpstreamDialect {
  return {
    request: (call, wish) => {
      const edits = commonEdits(call, wish);
      const { requestState } = wish;
      if (call.params['requestState'] !== requestState) {
        edits.push({ path: ['params', 'requestState'], value: requestState });
      }
      edits.push(...answersEdit(call));
      const meta = objectMember(call.params, '_meta');
      const wanted = wantedMeta(revision, meta, call, wish);
      if (wanted !== meta) edits.push({ path: ['params', '_meta'], value: wanted });
      return editDocument(call.document, edits);
    },
    reply: (response, { method }) => readReply(response, method),
    notification: (message) => message,
  };
}

/** Answers to what the gateway itself asked the user are none of the upstream's. */
function answersEdit({ params }: Call): readonly Edit[] {
  const answers = objectMember(params, 'inputResponses');
  if (answers === undefined) return [];
  const names = Object.keys(answers);
  const own = names.filter((name) => name.startsWith(ownMetaPrefix));
  if (own.length === 0) return [];
  if (own.length === names.length) return [{ path: ['params', 'inputResponses'], value: undefined }];
  return own.map((name) => ({ path: ['params', 'inputResponses', name], value: undefined }));
}

/** The same object if the client's `_meta` already says everything that the specification demands. */
function wantedMeta(
  revision: string,
  meta: JsonObject | undefined,
  { client }: Call,
  { capabilities, clientInfo, progressToken }: RequestWish,
): JsonObject {
  const changes: Record<string, JsonObject[string]> = {};
  const put = (name: string, value: JsonObject[string]): void => {
    if (meta?.[name] !== value) changes[name] = value;
  };
  put(metaKey.protocolVersion, revision);
  put(metaKey.clientCapabilities, capabilities);
  if (meta?.[metaKey.clientInfo] === undefined) changes[metaKey.clientInfo] = client.info ?? clientInfo;
  if (client.logLevel !== undefined) put(metaKey.logLevel, client.logLevel);
  if (progressToken !== undefined) put('progressToken', progressToken);
  const clean = meta && withoutOwnMeta(meta);
  for (const _change in changes) return { ...clean, ...changes };
  return clean ?? {};
}

function readReply(document: JsonDocument, method: Call['method']): Reply | Refusal {
  const response = readResponse(document);
  if (response instanceof Refusal) return response;
  if (response.kind === 'error') return errorReply(document, response.code);
  const { result } = response;
  switch (result['resultType']) {
    case 'complete':
      return { kind: 'complete', document };
    case undefined:
      return complete(document);
    case 'input_required':
      return inputRequired(document, result, method);
    default:
      return refuse('upstream_failed', `unknown result type ${JSON.stringify(result['resultType'])}`);
  }
}

/** An absent type means `complete` (schema, "Result"). */
function complete(document: JsonDocument): Reply {
  const edit = { path: ['result', 'resultType'], value: 'complete' };
  return { kind: 'complete', document: editDocument(document, [edit]) };
}

function inputRequired(document: JsonDocument, result: JsonObject, method: Call['method']): Reply | Refusal {
  if (methods[method].interactive !== true) {
    return refuse('upstream_failed', `\`input_required\` is no answer to ${method}`);
  }
  const { requestState } = result;
  const asks = objectMember(result, 'inputRequests') !== undefined;
  const wellFormed = requestState === undefined ? asks : typeof requestState === 'string';
  if (wellFormed) return { kind: 'input_required', document };
  return refuse('upstream_failed', '`input_required` with neither `inputRequests` nor a `requestState` text');
}
