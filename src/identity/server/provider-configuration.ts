import { X509Certificate } from 'node:crypto';
import type { Adapter, Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { Fetch } from '../fetch-json.ts';
import { isOfOwnPages, loadExistingGrant, pagesClient } from './browser-session.ts';
import { scopesOf } from './default-scope.ts';
import { errorPage, pageHeaders } from './error-page.ts';
import { interactionPolicy } from './interaction-policy.ts';
import type { Account } from './interactions.ts';
import type { ProviderLibrary } from './load-provider.ts';
import { clientAlgorithms, endpoints, proofAlgorithms } from './metadata.ts';
import type { AuthorizationServerOptions, ResourceInfo } from './options.ts';
import type { ShownRequests } from './presented.ts';
import { isNativeRedirect, isSafeRedirect } from './redirects.ts';
import { reportForeign } from './report-refusals.ts';
import type { SigningKeys } from './signing-keys.ts';
import { tokenClaims } from './token-claims.ts';
import { isWithdrawn } from './withdrawn.ts';

/** What {@link providerConfiguration} is made of. */
export interface ProviderParts {
  readonly issuer: string;
  readonly library: ProviderLibrary;
  readonly options: AuthorizationServerOptions;
  readonly keys: SigningKeys;
  readonly shown: ShownRequests;
  readonly adapter: (model: string) => Adapter;
  readonly findAccount: (subject: string) => Promise<Account | undefined>;
  /** For everything that the library fetches. */
  readonly fetch: Fetch;
}

const day = 86_400;
const codeSeconds = 60;
const interactionSeconds = 600;
const grantDays = 365;

/** How oidc-provider is set up: the code flow and the safe half of everything. */
export function providerConfiguration(parts: ProviderParts): Configuration {
  const { settings } = parts.options;
  const access = (): number => settings.accessTokenMinutes * 60;
  const refresh = (): number => settings.refreshTokenDays * day;
  return {
    adapter: parts.adapter,
    jwks: { keys: [parts.keys.active().jwk as never] },
    routes: { ...endpoints },
    scopes: ['openid', 'offline_access'],
    responseTypes: ['code'],
    pkce: { required: () => true },
    ttl: {
      AccessToken: access,
      ClientCredentials: access,
      IdToken: access,
      AuthorizationCode: () => codeSeconds,
      Interaction: () => interactionSeconds,
      RefreshToken: refresh,
      Session: refresh,
      Grant: () => grantDays * day,
    },
    cookies: cookies(parts),
    loadExistingGrant,
    ...clients(parts),
    ...tokens(parts),
    features: features(parts),
    extraParams: {
      // Tasks come from token exchange. To ignore the parameter would be to grant more than was asked for (RFC 9396 section 5).
      authorization_details: (_context, value) => {
        if (value === undefined) return;
        const { InvalidAuthorizationDetails } = parts.library.errors;
        throw new InvalidAuthorizationDetails('authorization_details belong to a token exchange');
      },
    },
    interactions: {
      policy: interactionPolicy(parts.library, parts.options.revocations),
      url: (_context, { uid }) => `${parts.issuer}/interaction/${uid}`,
    },
    renderError: (context, { error, error_description }) => {
      context.set(pageHeaders);
      context.body = errorPage(error, error_description);
    },
    fetch: parts.fetch as NonNullable<Configuration['fetch']>,
    fetchResponseBodyLimits: { jwks_uri: 64 * 1024, sector_identifier_uri: 5 * 1024 },
  };
}

/** INVARIANT: the cookies are signed, so an id that is read out of the store opens no session. */
function cookies({ issuer, keys }: ProviderParts): NonNullable<Configuration['cookies']> {
  const secure = issuer.startsWith('https:');
  const all = { httpOnly: true, sameSite: 'lax', secure, signed: true } as const;
  return {
    names: secure
      ? {
          session: '__Host-bartizan_login',
          interaction: '__Secure-bartizan_interaction',
          resume: '__Secure-bartizan_resume',
        }
      : {
          session: 'bartizan_login',
          interaction: 'bartizan_interaction',
          resume: 'bartizan_resume',
        },
    keys: [keys.secret('cookies').toString('base64url')],
    long: all,
    short: all,
  };
}

function clients({ library }: ProviderParts): Partial<Configuration> {
  return {
    clientDefaults: {
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      id_token_signed_response_alg: 'ES256',
      token_endpoint_auth_method: 'none',
    },
    clientAuthMethods: [
      'none',
      'private_key_jwt',
      'client_secret_basic',
      'client_secret_post',
      'tls_client_auth',
    ],
    enabledJWA: {
      clientAuthSigningAlgValues: [...clientAlgorithms],
      dPoPSigningAlgValues: [...proofAlgorithms],
      idTokenSigningAlgValues: ['ES256'],
    },
    extraClientMetadata: {
      // Named here so that it is called; what it looks at are the redirect URIs, whoever states them.
      properties: ['redirect_uris'],
      validator: (_context, _key, value, metadata) => {
        const uris = Array.isArray(value) ? value.filter((uri) => typeof uri === 'string') : [];
        if (!uris.every(isSafeRedirect))
          throw new library.errors.InvalidClientMetadata('redirect_uris must use https, or http to loopback');
        // Then any port of the loopback counts (RFC 8252 section 7.3), whatever the client says it is. Our own pages are no
        // program of their own, and nobody is asked whether the gateway may know who is there.
        const isNative = uris.length > 0 && uris.every(isNativeRedirect);
        if (isNative && metadata.client_id !== pagesClient) metadata.application_type = 'native';
      },
    },
    clientBasedCORS: (_context, origin, client) =>
      client.clientAuthMethod === 'none' &&
      (client.redirectUris ?? []).some((uri) => URL.parse(uri)?.origin === origin),
  };
}

function tokens({ options, findAccount }: ProviderParts): Partial<Configuration> {
  return {
    findAccount: async (_context, subject, token) => {
      const account = await findAccount(subject);
      if (account === undefined || isWithdrawn(options.revocations, account, token)) return undefined;
      const { accountId, claims } = account;
      return { accountId, claims: () => Promise.resolve({ ...claims, sub: accountId }) };
    },
    ...tokenClaims(options.clock),
    rotateRefreshToken: () => true,
    issueRefreshToken: (_context, client) => Promise.resolve(client.grantTypeAllowed('refresh_token')),
    // A log-out in the browser is not the end of an agent's work: that is what revocation is for.
    expiresWithSession: () => Promise.resolve(false),
  };
}

function features(parts: ProviderParts): NonNullable<Configuration['features']> {
  const { options, keys } = parts;
  const { settings } = options;
  return {
    devInteractions: { enabled: false },
    rpInitiatedLogout: { enabled: false },
    userinfo: { enabled: false },
    clientCredentials: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    registration: { enabled: settings.dynamicRegistration, issueRegistrationAccessToken: false },
    dPoP: {
      enabled: true,
      nonceSecret: keys.secret('dpop-nonce'),
      requireNonce: () => options.nonce === 'required',
    },
    clientIdMetadataDocument: {
      enabled: settings.clientMetadata.enabled,
      ack: 'draft-02',
      allowFetch: (_context, id) => Promise.resolve(isAllowedHost(settings.clientMetadata.allowedHosts, id)),
    },
    resourceIndicators: resourceIndicators(parts),
    mTLS: mutualTls(parts),
    // A client may ask about what it was given, and only if it can show who it is.
    introspection: {
      enabled: true,
      allowedPolicy: (context, client, token) =>
        Promise.resolve(
          isOwnToken(parts, 'introspect', context, [client, token]) && isAuthenticated(parts, context),
        ),
    },
    revocation: {
      enabled: true,
      allowedPolicy: (context, client, token) =>
        Promise.resolve(isOwnToken(parts, 'revoke', context, [client, token])),
    },
  };
}

function isOwnToken(
  { shown, options }: ProviderParts,
  endpoint: 'introspect' | 'revoke',
  context: KoaContextWithOIDC,
  [client, token]: readonly [{ readonly clientId: string }, { readonly clientId?: string | undefined }],
): boolean {
  if (token.clientId === client.clientId) return true;
  reportForeign({ shown, report: options.report }, endpoint, context);
  return false;
}

function isAuthenticated({ shown }: ProviderParts, { req, oidc }: KoaContextWithOIDC): boolean {
  return shown.of(req)?.presented.kind === 'jwt-svid' || oidc.client?.clientAuthMethod !== 'none';
}

function resourceIndicators({
  library,
  options,
  keys,
}: ProviderParts): NonNullable<NonNullable<Configuration['features']>['resourceIndicators']> {
  const { InvalidTarget } = library.errors;
  const find = (name: string): ResourceInfo | undefined =>
    options.resources().find(({ resource }) => resource === name);
  return {
    enabled: true,
    defaultResource: (context, _client, oneOf) => {
      if (oneOf !== undefined) return oneOf;
      // Our own pages want to know who is there, and no token.
      if (isOfOwnPages(context)) return [];
      const [first] = options.resources();
      throw new InvalidTarget(`say what the token is for, such as resource=${first?.resource ?? ''}`);
    },
    useGrantedResource: () => Promise.resolve(true),
    getResourceServerInfo: (_context, name) => {
      const found = find(name);
      if (found === undefined) throw new InvalidTarget('the resource is none of this gateway');
      return {
        scope: scopesOf(found).join(' '),
        audience: found.resource,
        accessTokenTTL: options.settings.accessTokenMinutes * 60,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256', kid: keys.active().kid } },
      };
    },
  };
}

/** INVARIANT: no list of authorities stands here. Whom a certificate speaks for was decided by `verifyPeer`. */
function mutualTls({ shown }: ProviderParts): NonNullable<NonNullable<Configuration['features']>['mTLS']> {
  return {
    enabled: true,
    certificateBoundAccessTokens: true,
    tlsClientAuth: true,
    getCertificate: ({ req }) => {
      const der = shown.of(req)?.certificate?.chain[0];
      return der === undefined ? undefined : new X509Certificate(der);
    },
    certificateAuthorized: ({ req }) => shown.of(req)?.presented.kind === 'x509-svid',
    certificateSubjectMatches: ({ req }, property, expected) => {
      const presented = shown.of(req)?.presented;
      return (
        property === 'tls_client_auth_san_uri' && presented?.kind === 'x509-svid' && presented.id === expected
      );
    },
  };
}

/** `*.example.com` stands for every name below; no list, any public host. */
function isAllowedHost(allowed: readonly string[], url: string): boolean {
  if (allowed.length === 0) return true;
  const { hostname } = new URL(url);
  return allowed.some((host) =>
    host.startsWith('*.') ? hostname.endsWith(host.slice(1)) : hostname === host.toLowerCase(),
  );
}
