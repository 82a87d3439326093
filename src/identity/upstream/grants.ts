import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { AuthorizationServer, CryptoKey } from 'oauth4webapi';
import { parseSpiffeId } from '../../model/spiffe-id.ts';
import { urlFault } from '../fetch-json.ts';
import { configured } from './client-registration.ts';
import { discoverIssuer, discoverResource } from './discovery.ts';
import type {
  AssertionAuth,
  BrokerOptions,
  ClientCredentialsAuth,
  ExchangeAuth,
  LoginAssertions,
  WorkloadAuth,
} from './options.ts';
import type { TokenWish } from './own-source.ts';
import type { OAuthClient, RequestToken, Tokens } from './token-request.ts';

/** What the grants of the gateway's own are made with. */
export interface GrantOptions
  extends Pick<BrokerOptions, 'fetch' | 'clock' | 'signer' | 'jwtSvid' | 'upstreamAssertion'> {
  readonly request: RequestToken;
}

/** Gets a token for a server. */
export type Obtain = (wish: TokenWish) => Promise<Tokens>;

const grantType = {
  exchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
  jwtBearer: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  clientCredentials: 'client_credentials',
};
const tokenType = {
  accessToken: 'urn:ietf:params:oauth:token-type:access_token',
  idJag: 'urn:ietf:params:oauth:token-type:id-jag',
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
};

/** RFC 8693: what the login provider, or else the gateway itself, says of the user becomes a token of the upstream. */
export function exchangeGrant(options: GrantOptions, url: string, auth: ExchangeAuth): Obtain {
  const fault = urlFault(auth.tokenEndpoint);
  if (fault !== undefined) throw new Error(`\`auth.tokenEndpoint\` ${fault}`);
  const { origin } = new URL(auth.tokenEndpoint);
  const server: AuthorizationServer = { issuer: origin, token_endpoint: auth.tokenEndpoint };
  return async (wish) => {
    const subject = await subjectToken(options, wish, auth);
    return options.request({
      server,
      client: configured(auth.clientId, auth.clientSecret, server),
      grant: grantType.exchange,
      parameters: {
        subject_token: subject.token,
        subject_token_type: subject.type,
        requested_token_type: tokenType.accessToken,
        resource: url,
        ...(auth.audience !== undefined && { audience: auth.audience }),
        ...scopeParameter(auth.scopes, wish),
      },
    });
  };
}

const assertionSeconds = 60;

async function subjectToken(
  { upstreamAssertion, signer, clock }: GrantOptions,
  { subject }: TokenWish,
  { tokenEndpoint: audience, subjectToken: type }: ExchangeAuth,
): Promise<{ readonly token: string; readonly type: string }> {
  const known = await upstreamAssertion?.subjectToken(
    subject,
    type === undefined ? ['access_token', 'id_token'] : [type],
  );
  if (known !== undefined) return known;
  if (upstreamAssertion !== undefined || signer === undefined) throw loginAgain();
  const now = Math.floor(clock.now() / 1000);
  const claims = {
    iss: signer.issuer,
    sub: subject.user.subject,
    aud: audience,
    iat: now,
    exp: now + assertionSeconds,
  };
  const token = await signer.sign('JWT', {
    ...claims,
    jti: crypto.randomUUID(),
    act: { sub: String(subject.agent.id) },
  });
  return { token, type: tokenType.jwt };
}

/** Only the user can help: by a login at the provider. */
export class LoginNeeded extends Error {}

function loginAgain(): LoginNeeded {
  return new LoginNeeded(
    'the login provider has given nothing for this user that is still good: the user must log in again',
  );
}

/** ID-JAG (draft-ietf-oauth-identity-assertion-authz-grant): an assertion of the login provider, used at the upstream. */
export function assertionGrant(options: GrantOptions, url: string, auth: AssertionAuth): Obtain {
  return async (wish) => {
    const { server, resource, scopes } = await find(options, url, wish);
    const scope = scopeParameter(auth.scopes ?? scopes, wish);
    const assertion = await identityAssertion(options, wish, {
      server,
      resource,
      clientId: auth.clientId,
      scope,
    });
    return options.request({
      server,
      client: configured(auth.clientId, auth.clientSecret, server),
      grant: grantType.jwtBearer,
      parameters: { assertion, resource, ...scope },
    });
  };
}

interface AssertionWish {
  readonly server: AuthorizationServer;
  readonly resource: string;
  readonly clientId: string;
  readonly scope: Readonly<Record<string, string>>;
}

async function identityAssertion(
  options: GrantOptions,
  wish: TokenWish,
  want: AssertionWish,
): Promise<string> {
  const { upstreamAssertion } = options;
  return upstreamAssertion === undefined
    ? ownAssertion(options, wish, want)
    : askProvider(options, upstreamAssertion, wish, want);
}

/** Without a login provider the gateway's own authorization server is the identity provider of its users. */
function ownAssertion(
  { signer, clock }: GrantOptions,
  { subject }: TokenWish,
  { server, resource, clientId, scope }: AssertionWish,
): Promise<string> {
  if (signer === undefined)
    throw new Error('`identity-assertion` needs a login provider or the authorization server');
  const now = Math.floor(clock.now() / 1000);
  return signer.sign('oauth-id-jag+jwt', {
    iss: signer.issuer,
    sub: subject.user.subject,
    aud: server.issuer,
    client_id: clientId,
    resource,
    ...scope,
    jti: crypto.randomUUID(),
    iat: now,
    exp: now + assertionSeconds,
  });
}

async function askProvider(
  { fetch, request }: GrantOptions,
  provider: LoginAssertions,
  { subject }: TokenWish,
  { server, resource, scope }: AssertionWish,
): Promise<string> {
  const known = await provider.subjectToken(subject, ['id_token', 'refresh_token']);
  if (known === undefined) throw loginAgain();
  const { issuer, clientId, clientSecret, tokenEndpoint } = provider;
  const found: AuthorizationServer =
    tokenEndpoint === undefined
      ? await discoverIssuer(fetch, issuer)
      : { issuer, token_endpoint: tokenEndpoint };
  const given = await request({
    server: found,
    client: configured(clientId, clientSecret, found),
    grant: grantType.exchange,
    parameters: {
      requested_token_type: tokenType.idJag,
      subject_token: known.token,
      subject_token_type: known.type,
      audience: server.issuer,
      resource,
      ...scope,
    },
  });
  if (given.issuedType !== tokenType.idJag)
    throw new Error('the login provider gave something that is no ID-JAG');
  return given.accessToken;
}

/** RFC 7523 section 2.1 with a JWT-SVID: the gateway as a workload, without a client id. */
export function workloadGrant(
  { jwtSvid, ...options }: GrantOptions,
  url: string,
  auth: WorkloadAuth,
): Obtain {
  if (jwtSvid === undefined) {
    throw new Error('`auth.kind: workload-jwt` needs `spiffe`: there is no JWT-SVID without it');
  }
  if (auth.spiffeId !== undefined && parseSpiffeId(auth.spiffeId) === undefined) {
    throw new Error(
      `\`auth.spiffeId\` \`${auth.spiffeId}\` is no SPIFFE ID: name the one that the gateway shall be`,
    );
  }
  return async (wish) => {
    const { server, resource } = await find(options, url, wish);
    const assertion = await jwtSvid(auth.audience ?? server.issuer, auth.spiffeId);
    const parameters = { assertion, resource, ...scopeParameter(undefined, wish) };
    return options.request({ server, client: anonymous, grant: grantType.jwtBearer, parameters });
  };
}

/** RFC 7521 section 4.1: the assertion is the authentication. */
const anonymous: OAuthClient = { id: '', method: 'assertion' };

/** RFC 6749 section 4.4, by secret or by `private_key_jwt`. */
export function clientCredentialsGrant(
  options: GrantOptions,
  url: string,
  auth: ClientCredentialsAuth,
): Obtain {
  const key = auth.privateKey === undefined ? undefined : readKey(auth.privateKey);
  return async (wish) => {
    const { server, resource, scopes } = await find(options, url, wish);
    const client: OAuthClient =
      key === undefined
        ? configured(auth.clientId, auth.clientSecret, server)
        : { id: auth.clientId, method: 'private_key_jwt', key: await cryptoKey(key) };
    const parameters = { resource, ...scopeParameter(auth.scopes ?? scopes, wish) };
    return options.request({ server, client, grant: grantType.clientCredentials, parameters });
  };
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new Error('`auth.privateKey` is no private key in PEM', { cause });
  }
}

const ecHash: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};

async function cryptoKey(key: KeyObject): Promise<CryptoKey> {
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  return crypto.subtle.importKey('pkcs8', pkcs8, algorithmOf(key), false, ['sign']);
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): { readonly name: string } {
  switch (asymmetricKeyType) {
    case 'ec':
      return { name: 'ECDSA', namedCurve: ecHash[asymmetricKeyDetails?.namedCurve ?? ''] } as {
        name: string;
      };
    case 'ed25519':
      return { name: 'Ed25519' };
    case 'rsa':
      return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as { name: string };
    default:
      throw new Error('`auth.privateKey` is of a kind that is not used: take EC, Ed25519 or RSA');
  }
}

async function find(
  { fetch }: Pick<GrantOptions, 'fetch'>,
  url: string,
  { metadataUrl }: TokenWish,
): Promise<{
  readonly server: AuthorizationServer;
  readonly resource: string;
  readonly scopes: readonly string[];
}> {
  const { authorizationServers, resource, scopes } = await discoverResource(fetch, url, metadataUrl);
  return { server: await discoverIssuer(fetch, authorizationServers[0] ?? ''), resource, scopes };
}

function scopeParameter(
  configuredScopes: readonly string[] | undefined,
  { scopes }: TokenWish,
): Readonly<Record<string, string>> {
  const wanted = [...new Set([...(configuredScopes ?? []), ...scopes])];
  return wanted.length === 0 ? {} : { scope: wanted.join(' ') };
}
