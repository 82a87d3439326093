import type { JsonObject } from './json.ts';

/** The `_meta` members of the specification (basic, "General fields") and the project's own. */
export const metaKey: Readonly<Record<MetaKeyName, string>> = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  logLevel: 'io.modelcontextprotocol/logLevel',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
  decision: 'dev.bartizan/decision',
};

type MetaKeyName =
  | 'protocolVersion'
  | 'clientCapabilities'
  | 'clientInfo'
  | 'serverInfo'
  | 'logLevel'
  | 'subscriptionId'
  | 'decision';

/** The prefix of the specification's own `_meta` members, which older revisions do not know (basic, "`_meta`"). */
export const specMetaPrefix: string = 'io.modelcontextprotocol/';

/** The prefix of the gateway's own `_meta` members. What a client or upstream sends under it is removed. */
export const ownMetaPrefix: string = 'dev.bartizan/';

/** `_meta` without members that would be taken for the gateway's word; the same object if it holds none. */
export function withoutOwnMeta(meta: JsonObject): JsonObject {
  for (const name in meta) {
    if (name.startsWith(ownMetaPrefix)) {
      return Object.fromEntries(Object.entries(meta).filter(([member]) => !member.startsWith(ownMetaPrefix)));
    }
  }
  return meta;
}
