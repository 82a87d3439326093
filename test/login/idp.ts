import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { Provider } from 'oidc-provider';
import { listen } from './gateway.ts';

/** A second oidc-provider that stands for the OpenID provider of a company. */
export interface Idp {
  readonly issuer: string;
  /** Who logs in next, and with what claims. */
  person: { sub: string; claims: Record<string, unknown> };
  /** Signs anything as the provider would. */
  readonly sign: (claims: Record<string, unknown>) => Promise<string>;
  readonly stop: () => void;
}

export const clientId = 'bartizan-gateway';
export const clientSecret = 'a secret of the gateway at the provider';

/** Starts one that lets everybody in at once. `register` knows the address of the gateway after that has started. */
export async function startIdp(redirectUri: () => string): Promise<Idp> {
  const server = createServer();
  // Another name than the gateway, because cookies know no ports.
  const issuer = await listen(server, '127.0.0.1');
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk: JWK = { ...(await exportJWK(privateKey)), kid: 'idp', use: 'sig', alg: 'RS256' };
  const held = { person: { sub: 'alice', claims: {} as Record<string, unknown> } };
  let provider: Provider | undefined;
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    provider ??= make(issuer, jwk, redirectUri(), held);
    if (!request.url?.startsWith('/interaction/')) return provider.callback()(request, response);
    const details = await provider.interactionDetails(request, response);
    if (details.prompt.name === 'login') {
      return provider.interactionFinished(request, response, {
        login: { accountId: held.person.sub, amr: ['pwd', 'otp'] },
      });
    }
    const grant = new provider.Grant({ accountId: held.person.sub, clientId });
    grant.addOIDCScope('openid profile groups offline_access');
    return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
  };
  server.on('request', (request, response) => void serve(request, response));
  return {
    issuer,
    get person() {
      return held.person;
    },
    set person(value) {
      held.person = value;
    },
    sign: (claims) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'idp', typ: 'JWT' }).sign(privateKey),
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function make(issuer: string, jwk: JWK, redirectUri: string, held: { person: Idp['person'] }): Provider {
  return new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      },
    ],
    jwks: { keys: [jwk as never] },
    cookies: {
      keys: ['a key of the provider'],
      names: { session: 'idp-session', interaction: 'idp-i', resume: 'idp-r' },
    },
    claims: {
      openid: ['sub', 'amr'],
      profile: ['name', 'department'],
      groups: ['groups', 'roles', 'act', 'tid', 'oid'],
    },
    conformIdTokenClaims: false,
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub, ...held.person.claims }) }),
    features: { devInteractions: { enabled: false } },
    ttl: {
      Interaction: 600,
      Session: 600,
      Grant: 600,
      AccessToken: 300,
      RefreshToken: 600,
      IdToken: 300,
      AuthorizationCode: 60,
    },
  });
}
