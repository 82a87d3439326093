import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from 'jose';
import { type KoaContextWithOIDC, Provider } from 'oidc-provider';
import { listen } from '../login/gateway.ts';

/** The login provider of a company, which also vouches for its users at other authorization servers (ID-JAG). */
export interface Company {
  readonly issuer: string;
  /** Who logs in next. */
  user: string;
  /** How long the access tokens live that it gives out next, in seconds. */
  accessTokenSeconds: number;
  /** The audience of every assertion that it gave out. */
  readonly vouchedAt: string[];
  /** The ID tokens that were shown to it. */
  readonly idTokens: string[];
  readonly stop: () => void;
}

/** The gateway as a client of the company. */
export const companyClient = {
  clientId: 'bartizan',
  clientSecret: 'the secret of the gateway there',
} as const;
/** The gateway as a client of those whom the company's word reaches. */
export const vendorClient = { clientId: 'gateway-there', clientSecret: 'another secret' } as const;

const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange';
const idToken = 'urn:ietf:params:oauth:token-type:id_token';
const idJag = 'urn:ietf:params:oauth:token-type:id-jag';

/** Starts one; where the gateway waits for users is known only later. */
export async function startCompany(redirectUri: () => string): Promise<Company> {
  const server = createServer();
  const issuer = await listen(server, '127.0.0.2');
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const shown: JWK = { ...(await exportJWK(publicKey)), kid: 'company', alg: 'RS256' };
  const jwk: JWK = { ...(await exportJWK(privateKey)), kid: 'company', use: 'sig', alg: 'RS256' };
  const held = { user: 'alice', accessTokenSeconds: 300 };
  const [vouchedAt, idTokens]: [string[], string[]] = [[], []];
  let provider: Provider | undefined;
  const make = (): Provider => {
    const made = new Provider(issuer, configuration(jwk, redirectUri(), held));
    const keys = createLocalJWKSet({ keys: [shown] });
    const members = ['subject_token', 'subject_token_type', 'requested_token_type', 'audience', 'resource'];
    made.registerGrantType(exchange, (context) => vouch(context, keys), [...members, 'scope'], ['resource']);
    return made;
  };
  const vouch = async (
    context: KoaContextWithOIDC,
    keys: ReturnType<typeof createLocalJWKSet>,
  ): Promise<void> => {
    const { params = {}, client } = context.oidc;
    const { subject_token, subject_token_type, requested_token_type, audience, resource, scope } = params;
    const expected = { issuer, audience: client?.clientId ?? '' };
    if (subject_token_type !== idToken || requested_token_type !== idJag) {
      context.status = 400;
      context.body = { error: 'invalid_request' };
      return;
    }
    const { payload } = await jwtVerify(String(subject_token), keys, expected);
    vouchedAt.push(String(audience));
    idTokens.push(String(subject_token));
    const claims = { client_id: vendorClient.clientId, resource, scope, jti: crypto.randomUUID() };
    const assertion = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: 'company', typ: 'oauth-id-jag+jwt' })
      .setIssuer(issuer)
      .setSubject(String(payload.sub))
      .setAudience(String(audience))
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey);
    context.body = { access_token: assertion, token_type: 'N_A', issued_token_type: idJag, expires_in: 300 };
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    provider ??= make();
    if (!request.url?.startsWith('/interaction/')) return provider.callback()(request, response);
    const { prompt } = await provider.interactionDetails(request, response);
    if (prompt.name === 'login') {
      return provider.interactionFinished(request, response, { login: { accountId: held.user } });
    }
    const grant = new provider.Grant({ accountId: held.user, clientId: companyClient.clientId });
    grant.addOIDCScope('openid profile offline_access');
    return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
  };
  server.on('request', (request, response) => void serve(request, response));
  return {
    issuer,
    get user() {
      return held.user;
    },
    set user(name) {
      held.user = name;
    },
    get accessTokenSeconds() {
      return held.accessTokenSeconds;
    },
    set accessTokenSeconds(seconds) {
      held.accessTokenSeconds = seconds;
    },
    vouchedAt,
    idTokens,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function configuration(
  jwk: JWK,
  redirectUri: string,
  held: Readonly<Pick<Company, 'user' | 'accessTokenSeconds'>>,
): ConstructorParameters<typeof Provider>[1] {
  return {
    clients: [
      {
        client_id: companyClient.clientId,
        client_secret: companyClient.clientSecret,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token', exchange],
        response_types: ['code'],
      },
    ],
    jwks: { keys: [jwk as never] },
    cookies: {
      keys: ['a key of the company'],
      names: { session: 'company-session', interaction: 'company-i', resume: 'company-r' },
    },
    claims: { openid: ['sub'], profile: ['name', 'roles'] },
    conformIdTokenClaims: false,
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: (_ctx, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: `${held.user} of the company` }),
    }),
    rotateRefreshToken: true,
    features: { devInteractions: { enabled: false } },
    ttl: {
      Interaction: 600,
      Session: 600,
      Grant: 600,
      AccessToken: () => held.accessTokenSeconds,
      RefreshToken: 600,
      IdToken: 300,
      AuthorizationCode: 60,
    },
  };
}
