import type { JsonObject } from '../model/json.ts';

/** What the metadata of a protected resource says. */
export interface ResourceFacts {
  /** Canonical URI of the virtual server. */
  readonly resource: string;
  readonly authorizationServers: readonly string[];
  readonly scopes: readonly string[];
  /** For people. */
  readonly name: string;
}

/** The metadata document of a protected resource (RFC 9728 section 2). */
export function protectedResourceMetadata(facts: ResourceFacts): JsonObject {
  // `offline_access` is a matter between client and authorization server (MCP authorization, "Refresh Tokens").
  const scopes = facts.scopes.filter((scope) => scope !== 'offline_access');
  return {
    resource: facts.resource,
    ...(facts.authorizationServers.length > 0 ? { authorization_servers: facts.authorizationServers } : {}),
    ...(scopes.length > 0 ? { scopes_supported: scopes } : {}),
    bearer_methods_supported: ['header'],
    resource_name: facts.name,
  };
}
