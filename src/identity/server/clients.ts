import type { ClientMetadata } from 'oidc-provider';
import { matchesAgent } from '../agent-pattern.ts';
import type { AgentRule, ClientRule } from './options.ts';
import { anonymousClient, type Shown } from './presented.ts';
import { isNativeRedirect } from './redirects.ts';

/** The metadata of clients (RFC 7591 section 2) that need no registration. */
export interface KnownClients {
  /**
   * The client of an id, as it shows itself in a request; undefined when it is neither configured nor an agent.
   *
   * INVARIANT: a client of method `none` comes out for an SVID only where that SVID was verified.
   */
  readonly find: (id: string, shown: Shown | undefined) => ClientMetadata | undefined;
  /** URLs of keys that the operator configured, so that they may stand in the operator's own network. */
  readonly trustedUrls: ReadonlySet<string>;
}

/** Where an agent's SVID is the client authentication, its client id is a SPIFFE ID. */
type Agent = AgentRule & { readonly clientId: string };

const ofAgents: readonly string[] = ['client_credentials'];
const ofUsers: readonly string[] = ['authorization_code', 'refresh_token'];

/** Makes clients of the configured ones and of agents. */
export function knownClients(clients: readonly ClientRule[], agents: readonly AgentRule[]): KnownClients {
  const configured = new Map(clients.map((client) => [client.id, client]));
  return {
    find: (id, shown) => {
      if (id === anonymousClient) return anonymousMetadata(shown);
      const client = configured.get(id);
      if (client !== undefined) return clientMetadata(client);
      const agent = agents.find((rule) => matchesAgent(rule.id, id));
      return agent === undefined ? undefined : agentMetadata({ ...agent, clientId: id }, shown);
    },
    trustedUrls: new Set([...clients, ...agents].flatMap(({ jwksUri }) => jwksUri ?? [])),
  };
}

function anonymousMetadata(shown: Shown | undefined): ClientMetadata | undefined {
  if (shown?.presented.kind !== 'anonymous') return undefined;
  return { ...without('none'), client_id: anonymousClient, grant_types: [] };
}

function clientMetadata(client: ClientRule): ClientMetadata {
  const keys = keysOf(client);
  const redirects = client.redirectUris.length > 0;
  const method = methodOf(client, keys);
  return {
    client_id: client.id,
    ...(client.name === undefined ? {} : { client_name: client.name }),
    redirect_uris: [...client.redirectUris],
    application_type: client.redirectUris.every(isNativeRedirect) ? 'native' : 'web',
    response_types: redirects ? ['code'] : [],
    grant_types: [...(redirects ? ofUsers : []), ...(method === 'none' ? [] : ofAgents)],
    token_endpoint_auth_method: method,
    ...(client.secret === undefined ? {} : { client_secret: client.secret }),
    ...keys,
  };
}

function methodOf(
  client: ClientRule,
  keys: object | undefined,
): 'private_key_jwt' | 'client_secret_basic' | 'none' {
  if (keys !== undefined) return 'private_key_jwt';
  // Both ways of sending the secret are taken for either name (RFC 6749 section 2.3.1).
  return client.secret === undefined ? 'none' : 'client_secret_basic';
}

function agentMetadata(agent: Agent, shown: Shown | undefined): ClientMetadata | undefined {
  const presented = shown?.presented;
  const keys = keysOf(agent);
  const takes = (method: AgentRule['authentication'][number]): boolean =>
    agent.authentication.includes(method);
  if (presented?.kind === 'jwt-svid' && presented.id === agent.clientId && takes('jwt-svid'))
    return { ...without('none'), client_id: agent.clientId };
  if (presented?.kind === 'x509-svid' && takes('x509-svid')) return bySvid(agent, shown);
  const byKey = takes('private_key_jwt') && keys !== undefined;
  if (byKey && (presented?.kind === 'assertion' || !takes('none')))
    return { ...without('private_key_jwt'), ...keys, client_id: agent.clientId };
  // Nobody proved anything, so nothing is granted but by what a user or an assertion says (RFC 6749 section 4.4).
  if (takes('none')) return { ...without('none'), client_id: agent.clientId, grant_types: [] };
  // Its document says what it is (Client ID Metadata Document).
  if (takes('client_metadata')) return undefined;
  return bySvid(agent, shown);
}

function without(method: 'none' | 'private_key_jwt' | 'tls_client_auth'): Omit<ClientMetadata, 'client_id'> {
  return {
    redirect_uris: [],
    response_types: [],
    grant_types: [...ofAgents],
    token_endpoint_auth_method: method,
  };
}

/**
 * An X.509-SVID: the certificate must have been verified and name this SPIFFE ID, which oidc-provider asks us about. Its
 * tokens are bound to the certificate, unless a DPoP proof says that they shall be bound to another key.
 */
function bySvid({ clientId }: Agent, shown: Shown | undefined): ClientMetadata {
  return {
    ...without('tls_client_auth'),
    client_id: clientId,
    tls_client_auth_san_uri: clientId,
    tls_client_certificate_bound_access_tokens: shown?.dpop !== true,
  };
}

function keysOf({
  jwks,
  jwksUri,
}: Pick<AgentRule, 'jwks' | 'jwksUri'>): Pick<ClientMetadata, 'jwks' | 'jwks_uri'> | undefined {
  if (jwks !== undefined) return { jwks: { keys: jwks as Record<string, unknown>[] } as never };
  return jwksUri === undefined ? undefined : { jwks_uri: jwksUri };
}
