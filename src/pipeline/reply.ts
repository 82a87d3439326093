import { Buffer } from 'node:buffer';
import type { Call, Reply } from '../model/call.ts';
import type { JsonDocument, JsonObject } from '../model/json.ts';

/** The document that writes a value. Exact numbers (`JSON.rawJSON`) are written as they were read. */
export function written(value: JsonObject): JsonDocument {
  return { value, bytes: Buffer.from(JSON.stringify(value)) };
}

/** A complete result that the gateway itself answers with. */
export function replyOf(call: Call, result: JsonObject): Reply {
  return {
    kind: 'complete',
    document: written({ jsonrpc: '2.0', id: call.id, result: { resultType: 'complete', ...result } }),
  };
}

/** The reply with another result; everything beside it stays. */
export function withResult(reply: Reply, result: JsonObject): Reply {
  return { ...reply, document: written({ ...reply.document.value, result }) };
}
