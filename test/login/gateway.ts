import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ClientMetadata, type Configuration, Provider } from 'oidc-provider';
import { createInteractions, type LoginInteractions } from '../../src/identity/login/interactions.ts';
import type { InteractionsOptions } from '../../src/identity/login/options.ts';
import type { Documents } from '../../src/pipeline/store-ports.ts';
import { memoryDocuments } from '../../src/store/memory/documents.ts';
import { ScriptedBrowser } from './browser.ts';

/** An authorization server with the login pages, and nothing else of a gateway. */
export interface LoginGateway {
  readonly origin: string;
  readonly base: string;
  readonly interactions: LoginInteractions;
  readonly documents: Documents;
  readonly provider: Provider;
  readonly clock: { time: number };
  readonly faults: string[];
  /** Where an application sends its user. */
  readonly authorizationUrl: (more?: Readonly<Record<string, string>>) => string;
  /** Redeems the code of an answer; answers the token response. */
  readonly redeem: (callback: URL) => Promise<Record<string, unknown>>;
  readonly refresh: (token: string) => Promise<Record<string, unknown>>;
  readonly stop: () => void;
}

export const redirectUri = 'https://client.test/callback';
const verifier = 'a-verifier-that-is-long-enough-for-everybody-0123456789';
const challenge = createHash('sha256').update(verifier).digest('base64url');

/** Starts one at a name of this machine, so that passkeys work. */
export async function startLoginGateway(
  more: Partial<InteractionsOptions> & {
    readonly client?: Partial<ClientMetadata>;
    readonly host?: string;
  } = {},
): Promise<LoginGateway> {
  const { client, host = 'localhost', ...options } = more;
  const clock = { time: Date.now() };
  const documents = memoryDocuments({ now: () => clock.time });
  const server = createServer();
  const origin = await listen(server, host);
  const base = `${origin}/as`;
  const faults: string[] = [];
  const held: { interactions?: LoginInteractions } = {};
  const provider = new Provider(base, configuration(held, client));
  const interactions = createInteractions({
    provider,
    base,
    documents,
    clock: { now: () => clock.time },
    settings: { login: 'owner' },
    onFault: (message) => void faults.push(message),
    ...options,
  });
  held.interactions = interactions;
  const callback = provider.callback();
  server.on('request', (request: IncomingMessage & { originalUrl?: string }, response: ServerResponse) => {
    const url = request.url ?? '';
    if (interactions.paths.some((path) => url.startsWith(`${path}/`) || url === path)) {
      interactions.serve(request, response);
      return;
    }
    request.originalUrl = url;
    request.url = url.replace(/^\/as/, '');
    void callback(request, response);
  });
  const post = async (members: Readonly<Record<string, string>>): Promise<Record<string, unknown>> => {
    const body = new URLSearchParams({ client_id: 'app', ...members });
    const response = await fetch(`${base}/token`, { method: 'POST', body });
    return (await response.json()) as Record<string, unknown>;
  };
  return {
    origin,
    base,
    interactions,
    documents,
    provider,
    clock,
    faults,
    authorizationUrl: (parameters = {}) => {
      const query = new URLSearchParams({
        client_id: 'app',
        response_type: 'code',
        redirect_uri: redirectUri,
        scope: 'openid offline_access mcp',
        resource: `${origin}/mcp`,
        prompt: 'consent',
        state: 'state-of-the-application',
        code_challenge: challenge,
        code_challenge_method: 'S256',
        ...parameters,
      });
      for (const [name, value] of [...query]) if (value === '') query.delete(name);
      return `${base}/auth?${query.toString()}`;
    },
    redeem: (url) =>
      post({
        grant_type: 'authorization_code',
        code: url.searchParams.get('code') ?? '',
        redirect_uri: redirectUri,
        code_verifier: verifier,
      }),
    refresh: (token) => post({ grant_type: 'refresh_token', refresh_token: token }),
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function configuration(
  held: { readonly interactions?: LoginInteractions },
  client: Partial<ClientMetadata> | undefined,
): Configuration {
  return {
    clients: [
      {
        client_id: 'app',
        client_name: 'Test Editor',
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        ...client,
      },
    ],
    scopes: ['openid', 'offline_access', 'mcp'],
    claims: { openid: ['sub', 'amr', 'acr'] },
    cookies: { keys: ['a key for tests'] },
    interactions: { url: (_ctx, { uid }) => `/as/interaction/${uid}` },
    findAccount: async (_ctx, sub) => {
      const account = await held.interactions?.findAccount(sub);
      return account && { ...account, claims: () => ({ ...account.claims, sub }) };
    },
    extraTokenClaims: async (_ctx, token) => {
      const account =
        'accountId' in token ? await held.interactions?.findAccount(String(token.accountId)) : undefined;
      return { ...account?.claims };
    },
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource) => ({
          scope: 'mcp mcp:write',
          audience: resource,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
        useGrantedResource: () => true,
      },
    },
    ttl: {
      Interaction: 600,
      Session: 3600,
      Grant: 3600,
      AccessToken: () => 300,
      RefreshToken: () => 3600,
      IdToken: 300,
      AuthorizationCode: 60,
    },
  };
}

/** Listens on a free port and answers the origin. */
export async function listen(server: Server, host: string): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, host, resolve));
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}

/** The claims of a JWT, unverified. */
export function payload(token: unknown): Record<string, unknown> {
  const part = String(token).split('.')[1] ?? '';
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
}

export const thePassword = 'correct horse battery';

/** Sets the owner up with {@link thePassword}. */
export async function setUpOwner(gateway: LoginGateway): Promise<void> {
  const browser = new ScriptedBrowser();
  const page = await browser.open((await gateway.interactions.setupLink()) ?? '');
  const kept = await browser.submit(page, 'password', { password: thePassword, repeated: thePassword });
  const done = await browser.submit(kept, 'finish');
  if (done.status !== 200) throw new Error(`the owner could not be set up: ${done.text}`);
}
