import type { JsonRpcId } from '../../../model/call.ts';
import type { JsonDocument, JsonObject } from '../../../model/json.ts';
import { newestOf } from '../../../wire/revisions.ts';
import { requestOf } from '../message.ts';

/** The first request of a session, in the newest revision that has sessions (2025-11-25 basic/lifecycle, "Initialization"). */
export function initializeRequest(id: JsonRpcId, capabilities: JsonObject, info: JsonObject): JsonDocument {
  return requestOf(id, 'initialize', {
    protocolVersion: newestOf('legacy').revision,
    capabilities,
    clientInfo: info,
  });
}
