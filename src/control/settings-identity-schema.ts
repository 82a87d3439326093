import { z } from 'zod';
import type { JsonValue } from '../model/json.ts';
import { claims, count, text, url } from './schema-parts.ts';
import type {
  AgentSettings,
  AuthorizationServerSettings,
  ClientMetadataSettings,
  ClientSettings,
  FederationSettings,
  IntrospectionSettings,
  LoginProviderSettings,
  ProofSettings,
  SpiffeSettings,
  StoreSettings,
  TaskSettings,
  TaskTemplateSettings,
  TlsSettings,
  UpstreamAuthEntry,
  VaultSettings,
} from './settings-identity.ts';

const action = z
  .string()
  .regex(/^[^\s*]*\*?$/, 'an action such as `github:create_pr`; it may end with `*`')
  .min(1);
const spiffeUri = z.string().regex(/^spiffe:\/\/[a-z0-9._-]+(\/[A-Za-z0-9._-]+)+$/, 'a SPIFFE ID');
const jwks = z.array(z.json() as z.ZodType<JsonValue>).min(1);

/** Kinds of identity providers whose quirks are known. */
export const providerKind: z.ZodType<LoginProviderSettings['kind']> = z.enum([
  'generic',
  'entra',
  'okta',
  'keycloak',
  'authentik',
  'google',
]);

export const tls: z.ZodType<TlsSettings> = z.strictObject({
  certificate: text.exactOptional().describe('PEM file with the certificate chain, own certificate first.'),
  key: text.exactOptional().describe('PEM file with the private key.'),
  spiffe: z
    .boolean()
    .default(false)
    .describe('Takes certificate and key from the SPIFFE Workload API instead of files.'),
  askClients: z
    .boolean()
    .default(false)
    .describe(
      'Asks clients for a certificate; certificate-bound tokens (RFC 8705) and X.509-SVID clients need it.',
    ),
});

export const proof: z.ZodType<ProofSettings> = z.strictObject({
  senderConstrained: z
    .enum(['optional', 'required'])
    .default('optional')
    .describe('`required`: tokens that are bound to no key are refused, except the owner’s.'),
  nonce: z
    .enum(['optional', 'required'])
    .default('optional')
    .describe('Whether DPoP proofs must carry a nonce of this gateway (RFC 9449 section 8).'),
  proofSeconds: count.max(600).default(60).describe('How old a DPoP proof may be, in seconds.'),
});

export const introspection: z.ZodType<IntrospectionSettings> = z.strictObject({
  endpoint: url.exactOptional().describe('Where to ask; default is what the metadata of the issuer says.'),
  clientId: text.describe('Client id of the gateway there.'),
  clientSecret: text.describe('Its secret; write `${VARIABLE}` or `file:<path>`.'),
  cacheSeconds: z.int().min(0).max(3_600).default(60).describe('How long an answer counts.'),
  tokens: z
    .enum(['opaque', 'all'])
    .default('opaque')
    .describe('`all`: asks about its JWTs, too, so that they end with the session or account there.'),
});

const loginProvider: z.ZodType<LoginProviderSettings> = z.strictObject({
  issuer: url.describe('Its issuer, exactly.'),
  clientId: text.describe('Client id of the gateway there.'),
  clientSecret: text.exactOptional().describe('Its secret; write `${VARIABLE}` or `file:<path>`.'),
  scopes: z.array(text).default(['openid', 'profile', 'email']).describe('Scopes asked for at login.'),
  kind: providerKind.default('generic').describe('Product, whose quirks are then known.'),
  claims: claims.prefault({}).describe('Which claims of the ID token say what.'),
});

const clientMetadata: z.ZodType<ClientMetadataSettings> = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('Whether a client may be known by the URL of its metadata document.'),
  allowedHosts: z
    .array(text)
    .default([])
    .describe('Hosts whose documents count, `*.example.com` for all below; none named: any public host.'),
});

const client: z.ZodType<ClientSettings> = z.strictObject({
  id: text.describe('Client id.'),
  name: text.exactOptional().describe('Name as users read it.'),
  redirectUris: z.array(text).default([]).describe('Where users come back to, compared exactly.'),
  secret: text.exactOptional().describe('Its secret; write `${VARIABLE}` or `file:<path>`.'),
  jwksUri: url.exactOptional().describe('Its public keys, for `private_key_jwt`.'),
  jwks: jwks.exactOptional().describe('The keys themselves.'),
});

export const authorizationServer: z.ZodType<AuthorizationServerSettings> = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether the gateway issues tokens of its own, at `/as`.'),
  login: z
    .enum(['owner', 'provider'])
    .default('owner')
    .describe('Who logs in: the owner of this gateway, or the users of an OpenID provider.'),
  provider: loginProvider.exactOptional().describe('The OpenID provider, for `login: provider`.'),
  accessTokenMinutes: count.max(60).default(10).describe('How long its access tokens are valid, in minutes.'),
  refreshTokenDays: count.max(90).default(14).describe('How long an unused refresh token is valid, in days.'),
  dynamicRegistration: z
    .boolean()
    .default(false)
    .describe('Whether clients may register themselves (RFC 7591).'),
  clientMetadata: clientMetadata.prefault({}).describe('Client ID Metadata Documents.'),
  clients: z.array(client).default([]).describe('Clients that you register.'),
});

const agent: z.ZodType<AgentSettings> = z.strictObject({
  id: text.describe('SPIFFE ID or client id; a last segment `*` stands for any rest.'),
  authentication: z
    .array(z.enum(['x509-svid', 'jwt-svid', 'private_key_jwt', 'client_metadata', 'none']))
    .min(1)
    .describe('How it proves who it is at the token endpoint.'),
  jwksUri: url.exactOptional().describe('Its public keys, for `private_key_jwt`.'),
  jwks: jwks.exactOptional().describe('The keys themselves.'),
  templates: z
    .array(text)
    .default([])
    .describe('Names of `tasks.templates`: the most its tasks may have. None: it gets no tasks.'),
});

export const agents: z.ZodType<readonly AgentSettings[]> = z.array(agent);

const template: z.ZodType<TaskTemplateSettings> = z.strictObject({
  purpose: text.exactOptional().describe('What it is for, as recorded.'),
  actions: z.array(action).min(1).describe('Actions such as `github:create_pr`; a name may end with `*`.'),
  constraints: z
    .record(z.string(), z.array(z.json() as z.ZodType<JsonValue>).min(1))
    .default({})
    .describe('Allowed values by place: `args.base`, `resource.tags.project`, `resource.id`.'),
  calls: count.exactOptional().describe('Calls in all.'),
  bytes: count.exactOptional().describe('Bytes of arguments and answers in all.'),
  seconds: count.max(3_600).exactOptional().describe('How long it lives at most, in seconds.'),
});

export const tasks: z.ZodType<TaskSettings> = z.strictObject({
  templates: z
    .record(z.string(), template)
    .default({})
    .describe('What tasks may have, by a name of your choice.'),
  defaultSeconds: count.max(3_600).default(120).describe('How long a task lives that asks for nothing else.'),
  maxSeconds: count.max(3_600).default(300).describe('How long a task lives at most.'),
  maxDepth: z.int().min(0).max(10).default(3).describe('How often a task may be handed on to a sub-agent.'),
  implicit: text
    .exactOptional()
    .describe('Template for tokens that name no task; without it they work as far as policies go.'),
});

const federation: z.ZodType<FederationSettings> = z.strictObject({
  url: url.describe('Its bundle endpoint.'),
  profile: z.enum(['https_web', 'https_spiffe']).describe('How that endpoint proves itself.'),
  endpointSpiffeId: spiffeUri.exactOptional().describe('Who serves it, for `https_spiffe`.'),
  bundle: text
    .exactOptional()
    .describe('File with the first bundle (JWKS), for `https_spiffe` where nothing else brings it.'),
});

export const spiffe: z.ZodType<SpiffeSettings> = z.strictObject({
  socket: text
    .exactOptional()
    .describe('Workload API, such as `unix:///run/spire/agent.sock`; default is `SPIFFE_ENDPOINT_SOCKET`.'),
  federates: z
    .record(z.string(), federation)
    .default({})
    .describe('Foreign trust domains whose bundle the Workload API does not bring.'),
});

export const store: z.ZodType<StoreSettings> = z.strictObject({
  hot: z
    .string()
    .regex(
      /^(memory|sqlite|rediss?:\/\/\S+|postgres(ql)?:\/\/\S+)$/,
      '`memory`, `sqlite`, redis://… or postgres://…',
    )
    .default('sqlite')
    .describe(
      'Budgets, epochs and replay caches. Replicas share one: `redis://…`, `rediss://…` or `postgres://…`.',
    ),
  durable: z
    .string()
    .regex(/^(sqlite|postgres(ql)?:\/\/\S+)$/, '`sqlite` or postgres://…')
    .default('sqlite')
    .describe('Clients, consents, accounts, connections, keys. Replicas share one: `postgres://…`.'),
});

export const vault: z.ZodType<VaultSettings> = z.strictObject({
  kek: z.enum(['file', 'pkcs11']).default('file').describe('What wraps the keys of the vault.'),
  file: text
    .exactOptional()
    .describe('Key file (mode 0600); default is `keys/vault.key` in the state directory.'),
  pkcs11: z
    .strictObject({
      module: text.describe('PKCS#11 module, such as `/usr/lib/softhsm/libsofthsm2.so`.'),
      token: text.describe('Label of the token.'),
      pin: text.describe('Its PIN; write `${VARIABLE}` or `file:<path>`.'),
      keyLabel: text.describe('Label of an AES key.'),
    })
    .exactOptional()
    .describe('For `kek: pkcs11`; needs the package `pkcs11js` beside Bartizan.'),
});

export const upstreamAuth: z.ZodType<UpstreamAuthEntry> = z.strictObject({
  kind: z
    .enum(['oauth', 'exchange', 'identity-assertion', 'workload-jwt', 'workload-mtls', 'client-credentials'])
    .describe(
      '`oauth`: each user connects an account. `exchange`: RFC 8693. `identity-assertion`: ID-JAG. `workload-jwt`, `workload-mtls`: the gateway’s SVID. `client-credentials`: the gateway as a client.',
    ),
  clientId: text.exactOptional().describe('Client id of the gateway at the authorization server.'),
  issuer: url
    .exactOptional()
    .describe('With `oauth` and `clientId`: the only authorization server that knows this client.'),
  clientSecret: text.exactOptional().describe('Its secret; write `${VARIABLE}` or `file:<path>`.'),
  privateKey: text.exactOptional().describe('Its private key (PEM), for `private_key_jwt`.'),
  tokenEndpoint: url.exactOptional().describe('With `exchange`: the token endpoint.'),
  audience: text.exactOptional().describe('With `exchange` and `workload-jwt`: the audience asked for.'),
  spiffeId: text
    .exactOptional()
    .describe(
      'With `workload-mtls`: the SPIFFE ID that the server must have. With `workload-jwt`: which of the gateway’s own it shows.',
    ),
  scopes: z
    .array(text)
    .exactOptional()
    .describe(
      'Scopes asked for, as they stand: name `offline_access` among them if it is wanted. Default is what the server wants, with `offline_access` where `oauth` can have it.',
    ),
  subjectToken: z
    .enum(['access_token', 'id_token'])
    .exactOptional()
    .describe(
      'With `exchange` and a login provider: which token of the login is exchanged. Default is the access token, or the ID token of a login that brought none.',
    ),
  dpop: z.boolean().exactOptional().describe('With `oauth`: binds its tokens to a key (RFC 9449).'),
});
