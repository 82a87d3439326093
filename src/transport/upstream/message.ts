import { Buffer } from 'node:buffer';
import { isJsonRpcId, type JsonRpcId } from '../../model/call.ts';
import { isJsonObject, type JsonDocument, type JsonObject, objectMember } from '../../model/json.ts';
import { metaKey } from '../../model/meta-key.ts';
import { type Refusal, refuse } from '../../model/refusal.ts';
import { editDocument } from '../../wire/json/edit.ts';
import { documentOf, isFault, readDocument } from '../../wire/json/read.ts';

/** A message of an upstream by its place in JSON-RPC. */
export type Message =
  | {
      readonly kind: 'request';
      readonly method: string;
      readonly id: JsonRpcId;
      readonly document: JsonDocument;
    }
  | { readonly kind: 'notification'; readonly method: string; readonly document: JsonDocument }
  | { readonly kind: 'response'; readonly id: JsonRpcId | undefined; readonly document: JsonDocument };

/** Sorts a message. Whether a response is well formed is for its reader to say. */
export function sortMessage(document: JsonDocument): Message {
  const { method, id } = document.value;
  const known = isJsonRpcId(id) ? id : undefined;
  if (typeof method !== 'string') return { kind: 'response', id: known, document };
  return known === undefined
    ? { kind: 'notification', method, document }
    : { kind: 'request', method, id: known, document };
}

/** Reads the text of one message strictly. */
export function readMessage(text: string | Uint8Array, jsonDepth: number): JsonDocument | Refusal {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const read = readDocument(bytes, { depth: jsonDepth });
  return isFault(read) ? refuse('upstream_failed', `a message: ${read.detail}`) : read;
}

/** A request of the gateway's own. */
export function requestOf(id: JsonRpcId, method: string, params: JsonObject): JsonDocument {
  return documentOf({ jsonrpc: '2.0', id, method, params });
}

/** A notification of the gateway's own. */
export function notificationOf(method: string, params: JsonObject = {}): JsonDocument {
  return documentOf({ jsonrpc: '2.0', method, params });
}

/** A message of a change stream without the id under which the gateway itself listens. */
export function withoutSubscription(document: JsonDocument): JsonDocument {
  const meta = objectMember(objectMember(document.value, 'params'), '_meta');
  if (meta?.[metaKey.subscriptionId] === undefined) return document;
  return editDocument(document, [{ path: ['params', '_meta', metaKey.subscriptionId], value: undefined }]);
}

/** The `result` of a response to a request of the gateway's own. */
export function resultOf({ value }: JsonDocument): JsonObject | Refusal {
  const { result, error } = value;
  if (isJsonObject(result)) return result;
  const code = isJsonObject(error) ? error['code'] : undefined;
  if (code === methodNotFound) return refuse('method_unknown', 'the upstream does not know the method');
  return refuse('upstream_failed', `the upstream answered with error ${JSON.stringify(code ?? null)}`);
}

const methodNotFound = -32601;
