/** What a company has in its Keycloak: people, roles, and the clients that these tests need. */

/** The realm of the company. */
export const company = 'company';
/** A realm whose tokens the gateway does not know, with the same people and clients. */
export const stranger = 'stranger';
/** The password of everybody. */
export const password = 'correct horse battery';
/** The secret of every client that has one. */
export const secret = 'a secret of the test, long enough for everybody';

/** Ids of the clients. */
export const clients = {
  /** An MCP client of the company: its tokens are for the endpoint of the gateway. */
  editor: 'editor',
  /** The same, with tokens that are bound to a key (RFC 9449). */
  bound: 'bound-editor',
  /** Another application: nobody said that its tokens are for the gateway. */
  intranet: 'intranet',
  /** The gateway where its users log in, and where it asks about tokens. */
  gateway: 'gateway',
  /** The gateway where it calls another server for its users. */
  connector: 'connector',
  /** The gateway where it exchanges tokens of its users for those of another server. */
  exchanger: 'exchanger',
  /** The gateway where it calls another server for itself. */
  service: 'service',
} as const;

/** Where things are that the realm speaks of. */
export interface Places {
  /** The origin of the gateway. */
  readonly gateway: string;
  /** The endpoint of the gateway that tokens are for. */
  readonly endpoint: string;
  /** A server behind the gateway, which trusts the realm itself. */
  readonly upstream: string;
}

/** A realm as Keycloak imports it. */
export function realmOf(realm: string, { gateway, endpoint, upstream }: Places): object {
  // What Keycloak gives to people whom it makes itself; it lets them have refresh tokens that outlive a session.
  const everyone = `default-roles-${realm}`;
  const forUpstream = [audience('upstream', { 'included.custom.audience': upstream })];
  const forEndpoint = [audience('endpoint', { 'included.custom.audience': endpoint })];
  // Keycloak tells only those about a token who are among its audiences.
  const asked = [...forEndpoint, audience('asked', { 'included.client.audience': clients.gateway })];
  return {
    realm,
    enabled: true,
    sslRequired: 'none',
    roles: { realm: [{ name: 'developer' }] },
    users: [
      person('dora', [everyone, 'developer']),
      person('zoe', [everyone]),
      person('lena', [everyone, 'developer']),
      person('ned', [everyone, 'developer']),
      {
        username: `service-account-${clients.service}`,
        enabled: true,
        serviceAccountClientId: clients.service,
        realmRoles: ['developer'],
      },
    ],
    clients: [
      { ...publicClient(clients.editor), protocolMappers: asked },
      {
        ...publicClient(clients.bound),
        attributes: { 'dpop.bound.access.tokens': 'true' },
        protocolMappers: asked,
      },
      publicClient(clients.intranet),
      {
        clientId: clients.gateway,
        secret,
        redirectUris: [`${gateway}/as/login/callback`],
        // Only those who are among the audiences of an access token may exchange it.
        protocolMappers: [
          rolesInIdToken,
          audience('exchanged', { 'included.client.audience': clients.exchanger }),
        ],
      },
      {
        clientId: clients.exchanger,
        secret,
        standardFlowEnabled: false,
        attributes: { 'standard.token.exchange.enabled': 'true' },
        protocolMappers: forUpstream,
      },
      {
        clientId: clients.connector,
        secret,
        redirectUris: [`${gateway}/connect/callback`],
        protocolMappers: forUpstream,
      },
      {
        clientId: clients.service,
        secret,
        standardFlowEnabled: false,
        serviceAccountsEnabled: true,
        protocolMappers: forUpstream,
      },
    ],
  };
}

function person(username: string, realmRoles: readonly string[]): object {
  return {
    username,
    enabled: true,
    email: `${username}@company.test`,
    emailVerified: true,
    firstName: username,
    lastName: 'Doe',
    credentials: [{ type: 'password', value: password, temporary: false }],
    realmRoles,
  };
}

/** The password grant stands for a login of the client, which is not what is tested with it. */
function publicClient(clientId: string): object {
  return { clientId, publicClient: true, standardFlowEnabled: false, directAccessGrantsEnabled: true };
}

/** Keycloak ignores `resource` (RFC 8707), so a mapper says what a token is for. */
function audience(name: string, config: Readonly<Record<string, string>>): object {
  return {
    name,
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { ...config, 'access.token.claim': 'true', 'id.token.claim': 'false' },
  };
}

/** Its access tokens name the roles of a user; its id tokens only if they are told to. */
const rolesInIdToken = {
  name: 'roles in the id token',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-usermodel-realm-role-mapper',
  config: {
    'claim.name': 'realm_access.roles',
    'jsonType.label': 'String',
    multivalued: 'true',
    'id.token.claim': 'true',
    'access.token.claim': 'true',
  },
};
