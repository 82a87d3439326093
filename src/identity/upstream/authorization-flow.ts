import * as oauth from 'oauth4webapi';
import { type JsonObject, objectMember, stringMember } from '../../model/json.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { Fetch } from '../fetch-json.ts';
import { digest, newSecret } from '../login/secrets.ts';
import type { Vault } from '../vault/vault.ts';
import { ownName } from './account.ts';
import { type Registration, redirectUri } from './client-registration.ts';
import { type ConnectOrder, orderSecret, readOrder } from './connect-links.ts';
import type { Connection } from './connection.ts';
import { discoverResource, discoverServer } from './discovery.ts';
import { dpopKey, newDpopKey } from './dpop-key.ts';
import type { OAuthAuth } from './options.ts';
import { type OAuthClient, type RequestToken, TokenRefused, type Tokens } from './token-request.ts';
import { scopesIn } from './www-authenticate.ts';

/** What flows are made with. */
export interface FlowOptions {
  readonly fetch: Fetch;
  readonly vault: Vault;
  readonly clock: Pick<Clock, 'now'>;
  readonly origin: string;
  readonly registration: Registration;
  readonly request: RequestToken;
}

/** A server whose accounts are connected by OAuth. */
export interface OAuthServer {
  readonly id: string;
  readonly url: string;
  readonly auth: OAuthAuth;
}

/** What will be asked for, and where: what the user is shown first. */
export interface Plan {
  readonly server: oauth.AuthorizationServer;
  readonly resource: string;
  readonly scopes: readonly string[];
}

/** A flow that came back to its browser. */
export interface Arrived {
  readonly order: ConnectOrder;
  /** The digest of the browser's cookie when the flow began. */
  readonly browser: string;
  /** Checks the answer, and changes its code for tokens. Throws an error that the user may read. */
  readonly complete: (server: OAuthServer, parameters: URLSearchParams) => Promise<Connection>;
}

const lifeMs = 600_000;

/** Finds out who protects a server, and what to ask there. Throws an error that says why nobody can be asked. */
export async function planFlow(
  { fetch }: Pick<FlowOptions, 'fetch'>,
  { url, auth }: OAuthServer,
  { scopes, metadataUrl }: Pick<ConnectOrder, 'scopes' | 'metadataUrl'>,
): Promise<Plan> {
  const protectedResource = await discoverResource(fetch, url, metadataUrl);
  const { authorizationServers, resource } = protectedResource;
  const preferred =
    authorizationServers.find((issuer) => issuer === auth.issuer) ?? authorizationServers[0] ?? '';
  const server = await discoverServer(fetch, preferred);
  if (server.authorization_endpoint === undefined) {
    throw new Error(`authorization server \`${preferred}\` has no authorization endpoint`);
  }
  const configured = auth.scopes ?? [];
  const wanted =
    scopes.length > 0 ? [...new Set([...configured, ...scopes])] : (auth.scopes ?? protectedResource.scopes);
  // Scopes that the operator wrote out are all that is asked: not every user may have `offline_access`.
  return { server, resource, scopes: auth.scopes === undefined ? withOffline(wanted, server) : wanted };
}

/** Refresh tokens are asked for where the server says how (OpenID Connect Core section 11), and only there. */
function withOffline(
  wanted: readonly string[],
  { scopes_supported: supported = [] }: oauth.AuthorizationServer,
): readonly string[] {
  const offline = supported.includes('offline_access') ? ['offline_access'] : [];
  return [...new Set([...wanted, ...offline])];
}

/**
 * Begins a flow and answers where the browser goes. What the answer will be compared with is kept before: the issuer
 * (RFC 9207), the state, the verifier (RFC 7636), the browser and the user.
 */
export async function beginFlow(
  options: FlowOptions,
  server: OAuthServer,
  order: ConnectOrder,
  plan: Plan,
  browser: string,
): Promise<URL> {
  const { vault, clock, origin, registration } = options;
  const client = await registration.clientFor(server.id, server.auth, plan.server);
  const state = newSecret();
  const verifier = oauth.generateRandomCodeVerifier();
  const dpop = server.auth.dpop ? newDpopKey() : undefined;
  const flow: JsonObject = {
    order: orderSecret(order),
    browser,
    issuer: plan.server.issuer,
    tokenEndpoint: plan.server.token_endpoint ?? '',
    sendsIssuer: plan.server.authorization_response_iss_parameter_supported === true,
    client: clientSecret(client),
    resource: plan.resource,
    scopes: plan.scopes,
    verifier,
    ...(dpop !== undefined && { dpop: dpop.jwk }),
  };
  await vault.put(ownName(`flow ${digest(state)}`), flow, 'absent', clock.now() + lifeMs);
  const url = new URL(plan.server.authorization_endpoint ?? '');
  const parameters = {
    response_type: 'code',
    client_id: client.id,
    redirect_uri: redirectUri(origin),
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    resource: plan.resource,
    ...(plan.scopes.length > 0 && { scope: plan.scopes.join(' ') }),
    // OpenID Connect Core section 11: without it a server may leave the refresh token out.
    ...(plan.scopes.includes('offline_access') && { prompt: 'consent' }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

/** The flow that a state belongs to. It is gone with that: a state counts once, on whatever replica. */
export async function takeFlow(options: FlowOptions, state: string): Promise<Arrived | undefined> {
  const name = ownName(`flow ${digest(state)}`);
  const found = await options.vault.get(name);
  if (found === undefined || !(await options.vault.remove(name))) return undefined;
  const { secret: flow } = found;
  return {
    order: readOrder(objectMember(flow, 'order') ?? {}),
    browser: stringMember(flow, 'browser') ?? '',
    complete: (server, parameters) => complete(options, server, flow, state, parameters),
  };
}

async function complete(
  options: FlowOptions,
  server: OAuthServer,
  flow: JsonObject,
  state: string,
  parameters: URLSearchParams,
): Promise<Connection> {
  const as: oauth.AuthorizationServer = {
    issuer: stringMember(flow, 'issuer') ?? '',
    token_endpoint: stringMember(flow, 'tokenEndpoint') ?? '',
    authorization_response_iss_parameter_supported: flow['sendsIssuer'] === true,
  };
  const client = objectMember(flow, 'client') as unknown as OAuthClient;
  const code = codeIn(as, client, parameters, state);
  const jwk = objectMember(flow, 'dpop');
  const tokens = await options
    .request({
      server: as,
      client,
      grant: 'authorization_code',
      parameters: {
        code,
        redirect_uri: redirectUri(options.origin),
        code_verifier: stringMember(flow, 'verifier') ?? '',
        resource: stringMember(flow, 'resource') ?? '',
      },
      ...(jwk !== undefined && { dpop: dpopKey(jwk) }),
    })
    .catch(forgetStranger(options.registration, as.issuer));
  checkType(tokens, server.auth.dpop);
  return connectionOf(options, flow, { as, client, tokens });
}

/** Throws unless the answer comes from the server that was asked (RFC 9207 section 2.4), errors included. */
function codeIn(
  as: oauth.AuthorizationServer,
  client: OAuthClient,
  parameters: URLSearchParams,
  state: string,
): string {
  try {
    const valid = oauth.validateAuthResponse(as, { client_id: client.id }, parameters, state);
    return valid.get('code') ?? '';
  } catch (fault) {
    if (fault instanceof oauth.AuthorizationResponseError) {
      throw new Error(`the authorization server did not allow it (\`${plainCode(fault.error)}\`)`, {
        cause: fault,
      });
    }
    throw new Error('the answer is not from the authorization server that was asked, so it was not used', {
      cause: fault,
    });
  }
}

function plainCode(code: string): string {
  return /^[\w.-]{1,64}$/.test(code) ? code : 'unknown error';
}

/** A registration that the server has lost is made anew by the next attempt. */
function forgetStranger(registration: Registration, issuer: string): (fault: unknown) => Promise<never> {
  return async (fault) => {
    if (fault instanceof TokenRefused && fault.code === 'invalid_client') await registration.forget(issuer);
    throw fault;
  };
}

/** A token that is not bound to our key would be as good in a thief's hands (RFC 9449 section 5). */
function checkType({ type }: Tokens, dpop: boolean): void {
  if (dpop && type !== 'dpop') {
    throw new Error(
      'the authorization server gave a token that is not bound to a key, and `auth.dpop` asks for one',
    );
  }
  if (!dpop && type !== 'bearer') {
    throw new Error('the authorization server gave a token that is bound to a key: set `auth.dpop: true`');
  }
}

function connectionOf(
  { clock }: FlowOptions,
  flow: JsonObject,
  {
    as,
    client,
    tokens,
  }: { readonly as: oauth.AuthorizationServer; readonly client: OAuthClient; readonly tokens: Tokens },
): Connection {
  const now = clock.now();
  const jwk = objectMember(flow, 'dpop');
  const { accessToken, type: tokenType, refreshToken, expiresIn } = tokens;
  return {
    issuer: as.issuer,
    tokenEndpoint: as.token_endpoint ?? '',
    resource: stringMember(flow, 'resource') ?? '',
    client,
    asked: scopesIn((flow['scopes'] as readonly string[]).join(' ')),
    accessToken,
    tokenType,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(expiresIn !== undefined && { expiresAt: now + expiresIn * 1000 }),
    ...(jwk !== undefined && { dpop: jwk }),
    connectedAt: now,
    again: readOrder(objectMember(flow, 'order') ?? {}).again,
  };
}

function clientSecret({ id, secret, method }: OAuthClient): JsonObject {
  return { id, method, ...(secret !== undefined && { secret }) };
}
