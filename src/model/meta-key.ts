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

/** The prefix of the gateway's own `_meta` members. What a client or upstream sends under it is removed. */
export const ownMetaPrefix: string = 'dev.bartizan/';
