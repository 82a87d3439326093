import * as oauth from 'oauth4webapi';
import type { JsonObject } from '../../model/json.ts';
import { isLoopbackHost } from '../../model/loopback.ts';
import type { Fetch } from '../fetch-json.ts';
import type { DpopKey } from './dpop-key.ts';

/** How the gateway is known at one authorization server. */
export interface OAuthClient {
  readonly id: string;
  readonly secret?: string;
  /** `token_endpoint_auth_method` (RFC 7591 section 2); `assertion`: the grant says who asks (RFC 7521 section 4.1). */
  readonly method: 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'assertion';
  readonly key?: oauth.CryptoKey;
}

/** One request at a token endpoint. */
export interface TokenRequest {
  readonly server: oauth.AuthorizationServer;
  readonly client: OAuthClient;
  readonly grant: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly dpop?: DpopKey;
}

/** What a token endpoint gave out. */
export interface Tokens {
  readonly accessToken: string;
  /** In lower case. */
  readonly type: string;
  readonly refreshToken?: string;
  /** Seconds. */
  readonly expiresIn?: number;
  /** Undefined: those that were asked for (RFC 6749 section 5.1). */
  readonly scope?: string;
  readonly issuedType?: string;
  /** Its claims are validated (OpenID Connect Core section 3.1.3.7); `expiresAt` in milliseconds since the epoch. */
  readonly idToken?: { readonly token: string; readonly subject: string; readonly expiresAt: number };
}

const longestText = 300;

/** A refusal of an authorization server, with its code (RFC 6749 section 5.2). Everything else did not get so far. */
export class TokenRefused extends Error {
  readonly code: string;

  constructor(code: string, description: string | undefined) {
    // What strangers write is cut to a length that fits into a record.
    const [said, told] = [code, description].map((text) => text?.slice(0, longestText));
    super(told === undefined ? `the authorization server said \`${said}\`` : `\`${said}\`: ${told}`);
    this.code = code;
  }
}

/** Makes requests of one grant. Throws {@link TokenRefused}, or an error if there is no proper answer. */
export type RequestToken = (request: TokenRequest) => Promise<Tokens>;

const timeoutMs = 15_000;

/** Requests tokens through a `fetch`. A server that wants another nonce is asked once more (RFC 9449 section 8). */
export function tokenRequests(fetch: Fetch): RequestToken {
  return async (request) => {
    const { server, client, grant, parameters, dpop } = request;
    const asClient: oauth.Client = { client_id: client.id === '' ? 'none' : client.id };
    const handle = dpop && oauth.DPoP(asClient, await dpop.pair());
    const ask = async (): Promise<oauth.TokenEndpointResponse> => {
      const options = { ...optionsFor(fetch, server), ...(handle && { DPoP: handle }) };
      const response = await oauth.genericTokenEndpointRequest(
        server,
        asClient,
        authenticationOf(client),
        grant,
        { ...parameters },
        options,
      );
      const recognizedTokenTypes = { n_a: () => undefined };
      return oauth.processGenericTokenEndpointResponse(server, asClient, response, { recognizedTokenTypes });
    };
    try {
      return tokensOf(
        await ask().catch((fault: unknown) => (oauth.isDPoPNonceError(fault) ? ask() : thrown(fault))),
      );
    } catch (fault) {
      throw explained(fault);
    }
  };
}

/** Tells an authorization server that a token is needed no more (RFC 7009). Throws if it does not answer that it is so. */
export async function revokeToken(
  fetch: Fetch,
  server: oauth.AuthorizationServer,
  client: OAuthClient,
  token: string,
): Promise<void> {
  const asClient: oauth.Client = { client_id: client.id };
  const authentication = authenticationOf(client);
  const options = optionsFor(fetch, server);
  try {
    const response = await oauth.revocationRequest(server, asClient, authentication, token, options);
    await oauth.processRevocationResponse(response);
  } catch (fault) {
    throw explained(fault);
  }
}

function thrown(fault: unknown): never {
  throw fault;
}

function optionsFor(
  fetch: Fetch,
  { token_endpoint: endpoint = '' }: oauth.AuthorizationServer,
): {
  readonly [oauth.customFetch]: typeof globalThis.fetch;
  readonly [oauth.allowInsecureRequests]: boolean;
  readonly signal: () => AbortSignal;
} {
  const isLocal = URL.canParse(endpoint) && isLoopbackHost(new URL(endpoint).hostname);
  return {
    [oauth.customFetch]: (url, options) => fetch(url, options as RequestInit),
    [oauth.allowInsecureRequests]: isLocal,
    signal: () => AbortSignal.timeout(timeoutMs),
  };
}

function authenticationOf({ method, secret = '', key }: OAuthClient): oauth.ClientAuth {
  switch (method) {
    case 'none':
      return oauth.None();
    case 'assertion':
      return () => undefined;
    case 'client_secret_post':
      return oauth.ClientSecretPost(secret);
    case 'client_secret_basic':
      return basic(secret);
    case 'private_key_jwt':
      if (key === undefined) throw new Error('`private_key_jwt` without a key');
      return oauth.PrivateKeyJwt(key);
  }
}

/**
 * RFC 6749 section 2.3.1: both parts are form-encoded. The serializer of URLs leaves `-`, `.` and `_` as they are, and
 * with them the ids and secrets of most servers, so that those which forget to decode know them too.
 */
function basic(secret: string): oauth.ClientAuth {
  const encoded = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1);
  return (_server, { client_id }, _body, headers) => {
    const pair = Buffer.from(`${encoded(client_id)}:${encoded(secret)}`).toString('base64');
    headers.set('authorization', `Basic ${pair}`);
  };
}

function tokensOf(response: oauth.TokenEndpointResponse & JsonObject): Tokens {
  const { access_token, token_type, refresh_token, expires_in, scope, issued_token_type } = response;
  const claims = oauth.getValidatedIdTokenClaims(response);
  return {
    ...(claims !== undefined &&
      response.id_token !== undefined && {
        idToken: { token: response.id_token, subject: claims.sub, expiresAt: claims.exp * 1000 },
      }),
    accessToken: access_token,
    type: token_type,
    ...(refresh_token !== undefined && { refreshToken: refresh_token }),
    ...(expires_in !== undefined && { expiresIn: expires_in }),
    ...(scope !== undefined && { scope }),
    ...(typeof issued_token_type === 'string' && { issuedType: issued_token_type }),
  };
}

/** INVARIANT: what goes into messages and records holds no token: neither responses nor parameters do. */
function explained(fault: unknown): Error {
  if (fault instanceof oauth.ResponseBodyError) return new TokenRefused(fault.error, fault.error_description);
  if (fault instanceof oauth.WWWAuthenticateChallengeError)
    return new TokenRefused('invalid_client', undefined);
  const why = fault instanceof Error ? fault.message : String(fault);
  const cause = fault instanceof Error ? fault.cause : undefined;
  const status = cause instanceof Response ? ` (status ${cause.status})` : '';
  return new Error(`the authorization server did not answer properly: ${why}${status}`);
}
