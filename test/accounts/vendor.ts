import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { type KoaContextWithOIDC, Provider } from 'oidc-provider';
import { listen } from '../login/gateway.ts';

/** The authorization server of another company: oidc-provider with a login form and a consent form. */
export interface Vendor {
  readonly issuer: string;
  /** The life of the access tokens that it gives out next, in seconds. */
  lifeSeconds: number;
  /** Every access token and refresh token that it gave out. */
  readonly secrets: string[];
  /** The grant of every token that it gave out. */
  readonly grants: string[];
  /** The tokens that it was told are needed no more. */
  readonly revoked: string[];
  /** Turns every refresh token down that was given out so far. */
  readonly revokeAll: () => void;
  readonly stop: () => void;
}

/** Another name of this machine than that of the gateway, because cookies know no ports. */
const host = '127.0.0.2';

/** Starts one that issues tokens for one resource, to clients that register themselves. */
export async function startVendor(resource: () => string): Promise<Vendor> {
  const server = createServer();
  const issuer = await listen(server, host);
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk: JWK = { ...(await exportJWK(privateKey)), kid: 'vendor', use: 'sig', alg: 'ES256' };
  const held = { lifeSeconds: 3600, revokedBefore: 0 };
  const [secrets, grants, revoked]: [string[], string[], string[]] = [[], [], []];
  const provider = new Provider(issuer, configuration(jwk, resource, held));
  provider.use(async (context, next) => {
    await next();
    const { access_token: access, refresh_token: refresh } = (context.body ?? {}) as Record<string, unknown>;
    // Undefined at an address that is none of its endpoints.
    const { route, params } = (context as Partial<KoaContextWithOIDC>).oidc ?? {};
    if (route === 'revocation') revoked.push(String(params?.['token']));
    if (typeof access !== 'string') return;
    secrets.push(access, String(refresh));
    grants.push(String(params?.['grant_type']));
  });
  const callback = provider.callback();
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url?.startsWith('/interaction/')) return interaction(provider, request, response);
    await callback(request, response);
  };
  server.on('request', (request, response) => void serve(request, response));
  return {
    issuer,
    get lifeSeconds() {
      return held.lifeSeconds;
    },
    set lifeSeconds(seconds) {
      held.lifeSeconds = seconds;
    },
    secrets,
    grants,
    revoked,
    revokeAll: () => {
      held.revokedBefore = Date.now();
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function configuration(
  jwk: JWK,
  resource: () => string,
  held: { readonly lifeSeconds: number; readonly revokedBefore: number },
): ConstructorParameters<typeof Provider>[1] {
  return {
    jwks: { keys: [jwk as never] },
    cookies: {
      keys: ['a key of the vendor'],
      names: { session: 'vendor-session', interaction: 'vendor-i', resume: 'vendor-r' },
    },
    scopes: ['openid', 'offline_access', 'notes'],
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: (_ctx, sub, token) => {
      const isRevoked = token?.kind === 'RefreshToken' && Number(token.iat) * 1000 < held.revokedBefore;
      return isRevoked ? undefined : { accountId: sub, claims: () => ({ sub }) };
    },
    clientAuthMethods: ['none', 'client_secret_basic'],
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: resource,
        getResourceServerInfo: (_ctx, indicator) => ({
          scope: 'notes',
          audience: indicator,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
        useGrantedResource: () => true,
      },
    },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    issueRefreshToken: (_ctx, client) => Promise.resolve(client.grantTypeAllowed('refresh_token')),
    ttl: {
      Interaction: 600,
      Session: 600,
      Grant: 3600,
      AccessToken: () => held.lifeSeconds,
      RefreshToken: () => 3600,
      IdToken: 300,
      AuthorizationCode: 60,
    },
  };
}

/** Two forms: who are you, and may the client do this. */
async function interaction(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { prompt, params, uid, session, grantId } = await provider.interactionDetails(request, response);
  if (request.method === 'GET') {
    const input = prompt.name === 'login' ? '<input name="login">' : `<p>${String(params['scope'])}</p>`;
    response.setHeader('content-type', 'text/html');
    response.end(`<form method="post" action="/interaction/${uid}/${prompt.name}">${input}</form>`);
    return;
  }
  const form = new URLSearchParams((await buffer(request)).toString());
  if (prompt.name === 'login') {
    const accountId = form.get('login') ?? '';
    return provider.interactionFinished(request, response, { login: { accountId } });
  }
  if (form.get('answer') === 'no') {
    return provider.interactionFinished(request, response, { error: 'access_denied' });
  }
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const grant =
    known ??
    new provider.Grant({
      accountId: String(session?.accountId),
      clientId: String(params['client_id']),
    });
  grant.addOIDCScope(String(params['scope']));
  grant.addResourceScope(String(params['resource']), 'notes');
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}
