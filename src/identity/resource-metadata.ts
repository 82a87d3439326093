import type { JsonObject } from '../model/json.ts';
import { allAlgorithms } from './algorithms.ts';

/** What the metadata of a protected resource says. */
export interface ResourceFacts {
  /** Canonical URI of the virtual server. */
  readonly resource: string;
  readonly authorizationServers: readonly string[];
  readonly scopes: readonly string[];
  /** For people. */
  readonly name: string;
  /** How bound tokens may be proven. Default: not said. */
  readonly proof?: ProofFacts;
  /** The types of `authorization_details` that are understood (RFC 9396 section 2). */
  readonly authorizationDetailsTypes?: readonly string[];
}

/** How senders may prove the keys of their tokens. */
export interface ProofFacts {
  /** By DPoP (RFC 9449). */
  readonly dpop: boolean;
  /** By client certificates (RFC 8705). */
  readonly certificates: boolean;
  readonly senderConstrained: 'optional' | 'required';
}

/** The metadata document of a protected resource (RFC 9728 section 2). */
export function protectedResourceMetadata(facts: ResourceFacts): JsonObject {
  // `offline_access` is a matter between client and authorization server (MCP authorization, "Refresh Tokens").
  const scopes = facts.scopes.filter((scope) => scope !== 'offline_access');
  const types = facts.authorizationDetailsTypes ?? [];
  return {
    resource: facts.resource,
    ...(facts.authorizationServers.length > 0 ? { authorization_servers: facts.authorizationServers } : {}),
    ...(scopes.length > 0 ? { scopes_supported: scopes } : {}),
    bearer_methods_supported: ['header'],
    ...(types.length > 0 ? { authorization_details_types_supported: types } : {}),
    ...(facts.proof === undefined ? {} : proofMembers(facts.proof)),
    resource_name: facts.name,
  };
}

function proofMembers({ dpop, certificates, senderConstrained }: ProofFacts): JsonObject {
  return {
    tls_client_certificate_bound_access_tokens: certificates,
    ...(dpop ? { dpop_signing_alg_values_supported: allAlgorithms } : {}),
    // Where a certificate is as good, DPoP is not always required.
    dpop_bound_access_tokens_required: dpop && !certificates && senderConstrained === 'required',
  };
}
