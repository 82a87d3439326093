import * as oauth from 'oauth4webapi';
import { isJsonObject, type JsonObject } from '../../../model/json.ts';
import { type Fetch, urlFault } from '../../fetch-json.ts';
import type { ProviderSettings } from '../options.ts';
import { LoginFailure } from './login-failure.ts';
import { quirksOf } from './quirks.ts';

/** The OpenID provider where people log in, as a relying party uses it (OpenID Connect Core section 3.1). */
export interface OpenidProvider {
  /** Where the browser goes to log in. */
  readonly authorizationUrl: (asked: AuthorizationAsked) => Promise<string>;
  /**
   * What the provider says of who came back with these parameters.
   * @throws LoginFailure when anything of it does not hold
   */
  readonly redeem: (parameters: URLSearchParams, expected: Expected) => Promise<Redeemed>;
}

/** What is particular to one login. */
export interface AuthorizationAsked {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  /** The person must log in again, whatever session the provider has. */
  readonly again: boolean;
  readonly maxAge?: number;
}

/** What the answer to one login must fit. */
export interface Expected extends Pick<AuthorizationAsked, 'state' | 'nonce' | 'verifier' | 'maxAge'> {}

/** A verified answer. */
export interface Redeemed {
  readonly claims: JsonObject;
  readonly idToken: string;
  readonly accessToken: string;
  /** Seconds that the access token lives; undefined: the provider did not say. */
  readonly expiresIn?: number;
  readonly refreshToken?: string;
}

const timeoutMs = 10_000;
const keptMs = 10 * 60_000;

type Transport = oauth.HttpRequestOptions<'GET'> & oauth.HttpRequestOptions<'POST', URLSearchParams>;

/** Makes it. Nothing is fetched before the first login; metadata is kept for ten minutes. */
export function createOpenidProvider(
  settings: ProviderSettings,
  redirectUri: string,
  now: () => number,
  fetch: Fetch = globalThis.fetch,
): OpenidProvider {
  const client: oauth.Client = { client_id: settings.clientId };
  const transport = transportOf(settings.issuer, fetch);
  let kept: { readonly server: oauth.AuthorizationServer; readonly until: number } | undefined;
  const metadata = async (): Promise<oauth.AuthorizationServer> => {
    if (kept === undefined || now() >= kept.until) {
      kept = { server: await discover(settings, transport), until: now() + keptMs };
    }
    return kept.server;
  };
  return {
    authorizationUrl: async (asked) => {
      const server = await metadata();
      const challenge = await oauth.calculatePKCECodeChallenge(asked.verifier);
      return requestUrl(server, settings, redirectUri, asked, challenge);
    },
    redeem: async (parameters, expected) => {
      const server = await metadata();
      try {
        return await redeemed(server, client, settings, redirectUri, parameters, expected, transport);
      } catch (cause) {
        throw failureOf(cause);
      }
    },
  };
}

function transportOf(issuer: string, fetch: Fetch): Transport {
  return {
    signal: () => AbortSignal.timeout(timeoutMs),
    [oauth.customFetch]: fetch as NonNullable<Transport[typeof oauth.customFetch]>,
    // `urlFault` let plain http pass for loopback alone.
    [oauth.allowInsecureRequests]: issuer.startsWith('http:'),
  };
}

/** OpenID Connect Discovery section 4.3: the issuer in the answer is exactly the one that was asked for. */
async function discover(
  { issuer }: ProviderSettings,
  transport: Transport,
): Promise<oauth.AuthorizationServer> {
  const fault = urlFault(issuer);
  if (fault !== undefined) throw new LoginFailure(unreachable, `the issuer \`${issuer}\` ${fault}`);
  const server = await oauth
    .discoveryRequest(new URL(issuer), { algorithm: 'oidc', ...transport })
    .then((response) => oauth.processDiscoveryResponse(new URL(issuer), response))
    .catch((cause: unknown) => {
      throw new LoginFailure(unreachable, `the discovery at \`${issuer}\` failed: ${reasonOf(cause)}`);
    });
  if (server.issuer !== issuer) {
    throw new LoginFailure(
      unreachable,
      `\`${issuer}\` calls itself \`${server.issuer}\`; configure exactly that`,
    );
  }
  return server;
}

const unreachable = 'the login provider cannot be used now; ask whoever runs this gateway';

function requestUrl(
  server: oauth.AuthorizationServer,
  settings: ProviderSettings,
  redirectUri: string,
  asked: AuthorizationAsked,
  challenge: string,
): string {
  const endpoint = server.authorization_endpoint;
  if (endpoint === undefined || urlFault(endpoint) !== undefined) {
    throw new LoginFailure(unreachable, 'the provider names no authorization endpoint that can be used');
  }
  const quirks = quirksOf(settings.kind);
  const scopes = ['openid', ...settings.scopes].filter((scope) => !quirks.withoutScopes.includes(scope));
  const url = new URL(endpoint);
  const parameters = {
    ...quirks.parameters,
    client_id: settings.clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: [...new Set(scopes)].join(' '),
    state: asked.state,
    nonce: asked.nonce,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...promptOf(settings, asked),
    ...(asked.maxAge === undefined ? {} : { max_age: String(asked.maxAge) }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

function promptOf({ scopes, kind }: ProviderSettings, { again }: AuthorizationAsked): { prompt?: string } {
  const consent = scopes.includes('offline_access') && quirksOf(kind).offlineWantsConsent;
  const prompt = [...(again ? ['login'] : []), ...(consent ? ['consent'] : [])];
  return prompt.length === 0 ? {} : { prompt: prompt.join(' ') };
}

async function redeemed(
  server: oauth.AuthorizationServer,
  client: oauth.Client,
  settings: ProviderSettings,
  redirectUri: string,
  parameters: URLSearchParams,
  expected: Expected,
  transport: Transport,
): Promise<Redeemed> {
  // Checks `state` and `iss` (RFC 9207 section 2.4), of errors too.
  const valid = oauth.validateAuthResponse(server, client, parameters, expected.state);
  const authentication = clientAuthentication(server, settings.clientSecret);
  const { verifier, nonce, maxAge } = expected;
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    authentication,
    valid,
    redirectUri,
    verifier,
    transport,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
    ...(maxAge === undefined ? {} : { maxAge }),
  });
  // OpenID Connect Core section 3.1.3.7 would let TLS stand for the signature; here both count.
  await oauth.validateApplicationLevelSignature(server, response, transport);
  const idToken = oauth.getValidatedIdTokenClaims(tokens);
  if (idToken === undefined || tokens.id_token === undefined) throw new Error('no id token came');
  const more = await userInfo(server, client, settings, tokens.access_token, idToken, transport);
  const { refresh_token: refreshToken, expires_in: expiresIn } = tokens;
  return {
    claims: { ...more, ...(idToken as unknown as JsonObject) },
    idToken: tokens.id_token,
    accessToken: tokens.access_token,
    ...(expiresIn === undefined ? {} : { expiresIn }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
  };
}

/** Asks for the claims that policies need and the id token lacks (OpenID Connect Core section 5.3). */
async function userInfo(
  server: oauth.AuthorizationServer,
  client: oauth.Client,
  { claims: { roles = 'roles', groups = 'groups' } }: ProviderSettings,
  accessToken: string,
  idToken: oauth.IDToken,
  transport: Transport,
): Promise<JsonObject> {
  const complete = [roles, groups].every((place) => Object.hasOwn(idToken, place.split('/')[1] ?? place));
  if (complete || server.userinfo_endpoint === undefined) return {};
  const response = await oauth.userInfoRequest(server, client, accessToken, transport);
  const claims = await oauth.processUserInfoResponse(server, client, idToken.sub, response);
  return isJsonObject(claims) ? claims : {};
}

function clientAuthentication(
  server: oauth.AuthorizationServer,
  secret: string | undefined,
): oauth.ClientAuth {
  if (secret === undefined) return oauth.None();
  const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  return methods.includes('client_secret_basic')
    ? oauth.ClientSecretBasic(secret)
    : oauth.ClientSecretPost(secret);
}

function failureOf(cause: unknown): LoginFailure {
  if (cause instanceof LoginFailure) return cause;
  if (cause instanceof oauth.AuthorizationResponseError) {
    const cancelled = cause.error === 'access_denied';
    const message = cancelled ? 'the login was cancelled' : 'the login provider refused the login';
    return new LoginFailure(message, `the provider answered \`${cause.error}\``);
  }
  return new LoginFailure('the answer of the login provider does not hold', reasonOf(cause));
}

/** Codes and messages of the library; never a token, which it keeps in `cause`. */
function reasonOf(cause: unknown): string {
  if (cause instanceof oauth.ResponseBodyError) return `\`${cause.error}\` (${cause.status})`;
  return cause instanceof Error ? cause.message : 'unknown';
}
