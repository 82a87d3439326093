import type { Call, Reply } from '../../model/call.ts';
import {
  arrayMember,
  isJsonObject,
  type JsonDocument,
  type JsonObject,
  objectMember,
} from '../../model/json.ts';
import { ownMetaPrefix, specMetaPrefix } from '../../model/meta-key.ts';
import { methods } from '../../model/method.ts';
import { Refusal, refuse } from '../../model/refusal.ts';
import type { RequestWish, UpstreamDialect } from '../codec.ts';
import { type Edit, editDocument } from '../json/edit.ts';
import { errorReply, urlElicitationRequired } from './error-reply.ts';
import { commonEdits } from './request-edits.ts';
import { readResponse } from './response.ts';

/** A server of a revision with sessions: capabilities and client information were told when the session began. */
export const legacyUpstream: UpstreamDialect = {
  request: (call, wish) =>
    editDocument(call.document, [...commonEdits(call, wish), ...removals(call), ...metaEdits(call, wish)]),
  reply: (response, { method }) => readReply(response, method),
  notification: (message) => message,
};

function removals({ params }: Call): readonly Edit[] {
  return ['inputResponses', 'requestState']
    .filter((member) => params[member] !== undefined)
    .map((member) => ({ path: ['params', member], value: undefined }));
}

function metaEdits({ params }: Call, { progressToken }: RequestWish): readonly Edit[] {
  const meta = objectMember(params, '_meta');
  const names = Object.keys(meta ?? {});
  const kept = names.filter((name) => !name.startsWith(specMetaPrefix) && !name.startsWith(ownMetaPrefix));
  const sameToken = progressToken === undefined || meta?.['progressToken'] === progressToken;
  if (kept.length === names.length && sameToken) return [];
  const entries: [string, JsonObject[string]][] = kept.map((name) => [name, meta?.[name]]);
  if (progressToken !== undefined) entries.push(['progressToken', progressToken]);
  const value = entries.length === 0 ? undefined : Object.fromEntries(entries);
  return [{ path: ['params', '_meta'], value }];
}

function readReply(document: JsonDocument, method: Call['method']): Reply | Refusal {
  const response = readResponse(document);
  if (response instanceof Refusal) return response;
  if (response.kind === 'result') return completeReply(document, response.result);
  const { code, error } = response;
  const asked =
    code === urlElicitationRequired && methods[method].interactive === true ? elicitations(error) : [];
  return asked.length > 0 ? inputRequired(document, asked) : errorReply(document, code);
}

function completeReply(document: JsonDocument, { resultType }: JsonObject): Reply | Refusal {
  if (resultType === 'complete') return { kind: 'complete', document };
  if (resultType !== undefined)
    return refuse('upstream_failed', `unknown result type ${JSON.stringify(resultType)}`);
  const edit = { path: ['result', 'resultType'], value: 'complete' };
  return { kind: 'complete', document: editDocument(document, [edit]) };
}

/** The elicitations of 2025-11-25's -32042. Their ids mean nothing since 2026-07-28: the client simply retries. */
function elicitations(error: JsonObject): readonly JsonObject[] {
  const listed = arrayMember(objectMember(error, 'data'), 'elicitations') ?? [];
  return listed.filter(isJsonObject).map(({ message, url }) => ({ mode: 'url', message, url }));
}

function inputRequired(document: JsonDocument, asked: readonly JsonObject[]): Reply {
  const requests = asked.map((params, at): [string, JsonObject] => [
    `url-${at + 1}`,
    { method: 'elicitation/create', params },
  ]);
  const edits: readonly Edit[] = [
    { path: ['error'], value: undefined },
    {
      path: ['result'],
      value: { resultType: 'input_required', inputRequests: Object.fromEntries(requests) },
    },
  ];
  return { kind: 'input_required', document: editDocument(document, edits) };
}
