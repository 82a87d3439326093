import { policedCapabilities } from '../../model/client-capability.ts';
import type { JsonObject } from '../../model/json.ts';
import { metaKey } from '../../model/meta-key.ts';
import type { Codec } from '../../wire/codec.ts';
import { codecOf, newestOf } from '../../wire/revisions.ts';

/** The newest revision of the modern era: the one that servers without sessions are spoken to in. */
export const modernCodec: Codec = newestOf('modern');

/** The `_meta` that every request of that revision needs (basic, "`_meta`"), for one of the gateway's own. */
export function modernMeta(capabilities: JsonObject, info: JsonObject): JsonObject {
  return {
    [metaKey.protocolVersion]: modernCodec.revision,
    [metaKey.clientCapabilities]: policedCapabilities(capabilities),
    [metaKey.clientInfo]: info,
  };
}

/** Whether what a server calls one of its versions is a revision of the modern era that we speak. */
export function isModernVersion(version: unknown): boolean {
  return typeof version === 'string' && codecOf(version)?.era === 'modern';
}
