import { isJsonRpcId, type JsonRpcId } from '../../model/call.ts';
import {
  isJsonObject,
  type JsonDocument,
  type JsonObject,
  objectMember,
  stringMember,
} from '../../model/json.ts';
import { metaKey } from '../../model/meta-key.ts';
import { isFault, readDocument } from '../../wire/json/read.ts';

/** A message of the client, as far as the bridge has to know it. */
export type ClientMessage =
  | {
      readonly kind: 'request';
      readonly id: JsonRpcId;
      readonly method: string;
      readonly document: JsonDocument;
    }
  | { readonly kind: 'notification'; readonly method: string; readonly document: JsonDocument }
  | { readonly kind: 'response'; readonly document: JsonDocument }
  /** An array of messages, which 2025-03-26 has; the gateway decides what it makes of it. */
  | { readonly kind: 'batch'; readonly bytes: Uint8Array }
  | { readonly kind: 'unreadable'; readonly why: string };

/** Nesting is judged by the gateway, which answers with the limit its operator set. */
const deepest = 1_000;

/** Tells what a line is. The bytes travel on as they are; the gateway reads them strictly again. */
export function readMessage(bytes: Uint8Array): ClientMessage {
  const document = readDocument(bytes, { depth: deepest });
  if (isFault(document)) {
    return document.fault === 'batch'
      ? { kind: 'batch', bytes }
      : { kind: 'unreadable', why: document.detail };
  }
  const { id, method } = document.value;
  if (typeof method !== 'string') return { kind: 'response', document };
  return isJsonRpcId(id)
    ? { kind: 'request', id, method, document }
    : { kind: 'notification', method, document };
}

/** The parameters of a message. */
export function paramsOf({ value }: JsonDocument): JsonObject | undefined {
  return objectMember(value, 'params');
}

/** The revision a message names in itself, which only messages of the modern era do (2026-07-28, basic, "_meta"). */
export function modernRevision(document: JsonDocument): string | undefined {
  return stringMember(objectMember(paramsOf(document), '_meta'), metaKey.protocolVersion);
}

/** A message of the gateway, read leniently: it is only looked at, and passed on as it is. */
export function peek(bytes: Uint8Array): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a message answers the request of that id. */
export function answers(message: JsonObject | undefined, id: JsonRpcId): boolean {
  return message !== undefined && message['method'] === undefined && message['id'] === id;
}
