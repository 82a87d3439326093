import { isJsonRpcId, type JsonRpcId } from '../../model/call.ts';
import { isJsonObject, type JsonDocument, type JsonObject, type JsonValue } from '../../model/json.ts';
import { type Refusal, refuse } from '../../model/refusal.ts';
import type { JsonFault } from '../../wire/json/fault.ts';
import { isFault, readDocument } from '../../wire/json/read.ts';

/** A JSON-RPC 2.0 message by its kind. */
export type Message =
  | {
      readonly kind: 'request';
      readonly id: JsonRpcId;
      readonly method: string;
      readonly document: JsonDocument;
    }
  | { readonly kind: 'notification'; readonly method: string; readonly document: JsonDocument }
  | { readonly kind: 'response'; readonly id: JsonRpcId; readonly document: JsonDocument };

/** Reads a body as one strict JSON object. */
export function readBody(body: Uint8Array, depth: number): JsonDocument | Refusal {
  const read = readDocument(body, { depth });
  return isFault(read) ? refuseFault(read) : read;
}

/** The refusal of what the strict reader did not take. */
export function refuseFault({ fault, detail }: JsonFault): Refusal {
  if (fault === 'batch') return refuse('batch_not_allowed', detail);
  if (fault === 'not-object' || fault === 'size')
    return refuse('invalid_request', detail, { reason: detail });
  return refuse('malformed_message', detail, { reason: detail });
}

/** Tells requests, notifications and responses apart (JSON-RPC 2.0 sections 4 and 5). */
export function messageOf(document: JsonDocument): Message | Refusal {
  const { jsonrpc, id, method, params, result, error } = document.value;
  if (jsonrpc !== '2.0') return invalid('`jsonrpc` is not "2.0"');
  if (method === undefined) return responseOf(document, id, (result === undefined) !== (error === undefined));
  if (typeof method !== 'string' || result !== undefined || error !== undefined)
    return invalid('not one kind of message');
  if (params !== undefined && !isJsonObject(params)) return invalid('`params` is not an object');
  if (id === undefined) return { kind: 'notification', method, document };
  return isJsonRpcId(id)
    ? { kind: 'request', id, method, document }
    : invalid('`id` is neither a string nor a safe integer');
}

function responseOf(document: JsonDocument, id: JsonValue | undefined, one: boolean): Message | Refusal {
  return isJsonRpcId(id) && one
    ? { kind: 'response', id, document }
    : invalid('neither a request nor a response');
}

function invalid(detail: string): Refusal {
  return refuse('invalid_request', detail, { reason: detail });
}

/** The id of a message that may be anything, for the error that answers it. */
export function idOf(document: JsonDocument | undefined): JsonRpcId | undefined {
  const id = document?.value['id'];
  return isJsonRpcId(id) ? id : undefined;
}

const noParams: JsonObject = {};

/** The `params` of a message; empty if it has none. */
export function paramsOf(document: JsonDocument): JsonObject {
  const params = document.value['params'];
  return isJsonObject(params) ? params : noParams;
}
