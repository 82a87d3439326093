import type { JsonRpcId } from '../../../model/call.ts';
import type { JsonDocument, JsonObject } from '../../../model/json.ts';
import type { Codec } from '../../../wire/codec.ts';
import { codecs } from '../../../wire/revisions.ts';
import { requestOf } from '../message.ts';

/** The newest revision that has sessions. */
const newestLegacy: Codec = codecs.find(({ era }) => era === 'legacy') as Codec;

/** The first request of a session (2025-11-25 basic/lifecycle, "Initialization"). */
export function initializeRequest(id: JsonRpcId, capabilities: JsonObject, info: JsonObject): JsonDocument {
  return requestOf(id, 'initialize', {
    protocolVersion: newestLegacy.revision,
    capabilities,
    clientInfo: info,
  });
}
