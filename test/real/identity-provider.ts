/**
 * An OpenID provider that nobody here wrote (`oidc-provider`), and logins at it by `openid-client`: authorization code
 * with PKCE (RFC 7636) and resource indicators (RFC 8707), client credentials, access tokens as RFC 9068 JWTs.
 */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { freePort } from './program.ts';
import { identityProvider } from './software.ts';

export interface IdentityProvider {
  readonly issuer: string;
  /** A token for a person, who logs in through an agent for one resource. */
  readonly login: (account: string, agent: string, resource: string) => Promise<string>;
  /** A token that an agent gets for itself. */
  readonly ownToken: (agent: string, resource: string) => Promise<string>;
  /** Where the login page sends the browser of a person. */
  readonly browse: (url: URL, account: string) => Promise<URL>;
  /** From now on it signs with another key, and publishes no other. */
  readonly rotate: () => void;
  readonly stop: () => void;
}

/** What the company knows of a person and the device in use. */
type Account = { readonly roles: readonly string[]; readonly device_managed?: boolean };

const accounts: Readonly<Record<string, Account>> = {
  dora: { roles: ['developer'], device_managed: true },
  una: { roles: ['developer'], device_managed: false },
  nino: { roles: ['developer'] },
  ines: { roles: ['intern'], device_managed: true },
  zoe: { roles: [], device_managed: true },
};

export const redirect: string = 'http://127.0.0.1/callback';
export const secret: string = 'a secret of the test, long enough for everybody';
export const refactor: string = 'spiffe://company.com/agent/code-refactor';
export const other: string = 'spiffe://company.com/agent/release-notes';
/** An agent whose tokens end after a second. */
export const hasty: string = 'hasty';

interface Provider {
  readonly callback: () => (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly interactionDetails: (request: IncomingMessage, response: ServerResponse) => Promise<Interaction>;
  readonly interactionFinished: (
    request: IncomingMessage,
    response: ServerResponse,
    result: object,
  ) => Promise<void>;
}

interface Interaction {
  readonly params: { readonly login_hint?: string };
}

/** The part of an authorization request that the configuration below looks at. */
interface Context {
  readonly oidc: {
    readonly client: { readonly clientId: string };
    readonly session: { readonly accountId: string };
    readonly params: { readonly resource?: string | readonly string[] };
    readonly provider: { readonly Grant: new (of: object) => Grant };
  };
}

interface Grant {
  readonly addOIDCScope: (scope: string) => void;
  readonly addResourceScope: (resource: string, scope: string) => void;
  readonly save: () => Promise<string>;
}

/** Starts it on a free port of loopback. */
export async function startIdentityProvider(): Promise<IdentityProvider> {
  const folder = await identityProvider.install();
  const { Provider } = await load(folder, 'oidc-provider/lib/index.js');
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const renew = (): Provider => new Provider(issuer, configuration());
  let provider = renew();
  const server = createServer((request, response) => {
    const isLogin = request.url?.startsWith('/interaction/') ?? false;
    const served = isLogin ? finish(provider, request, response) : provider.callback()(request, response);
    served.catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  const tokens = await requester(folder, issuer);
  return {
    issuer,
    ...tokens,
    browse,
    rotate: () => {
      provider = renew();
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** What it exports is untyped: the package is not there when types are checked. */
function load(folder: string, path: string) {
  return import(pathToFileURL(join(folder, 'node_modules', path)).href);
}

/** Whoever is named on the login page is logged in; nobody types a password here. */
async function finish(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { params } = await provider.interactionDetails(request, response);
  await provider.interactionFinished(request, response, { login: { accountId: params.login_hint } });
}

function configuration(): object {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    clients: [refactor, other, hasty].map(client),
    jwks: {
      keys: [{ ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), alg: 'ES256', use: 'sig' }],
    },
    cookies: { keys: ['a key of the test'] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    scopes: ['openid'],
    findAccount: (_: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub }) }),
    extraTokenClaims: (_: unknown, token: { readonly accountId?: string }) => accounts[token.accountId ?? ''],
    loadExistingGrant,
    interactions: { url: (_: unknown, { uid }: { readonly uid: string }) => `/interaction/${uid}` },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo, useGrantedResource: () => true },
    },
  };
}

function client(client_id: string): object {
  return {
    client_id,
    client_secret: secret,
    redirect_uris: [redirect],
    response_types: ['code'],
    grant_types: ['authorization_code', 'client_credentials'],
    token_endpoint_auth_method: 'client_secret_post',
  };
}

/** Every resource is known, and nobody is asked for consent. */
async function loadExistingGrant({ oidc }: Context): Promise<Grant> {
  const grant = new oidc.provider.Grant({
    clientId: oidc.client.clientId,
    accountId: oidc.session.accountId,
  });
  grant.addOIDCScope('openid');
  for (const resource of [oidc.params.resource ?? []].flat()) grant.addResourceScope(resource, 'mcp');
  await grant.save();
  return grant;
}

function getResourceServerInfo(_: unknown, audience: string, { clientId }: { clientId: string }): object {
  return {
    scope: 'mcp',
    audience,
    accessTokenFormat: 'jwt',
    accessTokenTTL: clientId === hasty ? 1 : 300,
    jwt: { sign: { alg: 'ES256' } },
  };
}

async function requester(
  folder: string,
  issuer: string,
): Promise<Pick<IdentityProvider, 'login' | 'ownToken'>> {
  const openid = await load(folder, 'openid-client/build/index.js');
  const known = (agent: string): Promise<object> =>
    openid.discovery(new URL(issuer), agent, undefined, openid.ClientSecretPost(secret), {
      execute: [openid.allowInsecureRequests],
    });
  return {
    login: async (account, agent, resource) => {
      const [config, verifier, state] = [await known(agent), openid.randomPKCECodeVerifier(), randomUUID()];
      const url = openid.buildAuthorizationUrl(config, {
        redirect_uri: redirect,
        scope: 'mcp',
        resource,
        state,
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      const back = await browse(url, account);
      const checks = { pkceCodeVerifier: verifier, expectedState: state };
      return (await openid.authorizationCodeGrant(config, back, checks, { resource })).access_token;
    },
    ownToken: async (agent, resource) => {
      const config = await known(agent);
      return (await openid.clientCredentialsGrant(config, { resource, scope: 'mcp' })).access_token;
    },
  };
}

/** A browser: it keeps cookies and follows redirects until it is sent back to the client. */
async function browse(from: URL, account: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = new URL(from);
  url.searchParams.set('login_hint', account);
  for (let hops = 0; hops < 10; hops += 1) {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=', 2);
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location === null) throw new Error(`${response.status} at ${url.pathname}: ${await response.text()}`);
    url = new URL(location, url);
    if (url.href.startsWith(redirect)) return url;
  }
  throw new Error(`the login never ends; it is at ${url}`);
}
