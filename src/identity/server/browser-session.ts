import { randomBytes } from 'node:crypto';
import { type IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { ClientMetadata, Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { errorPage, pageHeaders } from './error-page.ts';
import { endpoints } from './metadata.ts';

/** The client id of the gateway's own pages. They need a login and no token, so nothing is ever granted to it. */
export const pagesClient: string = 'urn:bartizan:client:pages';
const continuation = '/continue';
/** Where a login may lead back to: pages of the gateway, and no other place. */
const ownPage = /^\/connect(?:\/(?:to\/)?[\w-]{1,128})?$/;

/** The pages as a client of the authorization server; undefined for another id. */
export function pagesMetadata(id: string, issuer: string): ClientMetadata | undefined {
  if (id !== pagesClient) return undefined;
  const redirect = `${issuer}${continuation}`;
  return {
    client_id: pagesClient,
    client_name: 'the pages of this gateway',
    redirect_uris: [redirect],
    // Also on loopback: it is this gateway that serves the pages, and no program that could pose as them.
    application_type: 'web',
    response_types: ['code'],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: 'none',
  };
}

/** Whether an authorization request comes from our own pages, which need nobody's consent. */
export function isOfOwnPages({ oidc }: KoaContextWithOIDC): boolean {
  return oidc.client?.clientId === pagesClient;
}

/**
 * Where a browser logs in before it sees a page of the gateway. The code that comes of it is dropped: its verifier is known
 * to nobody. Throws for another place than a page of ours, so that nothing can make a redirector of it.
 */
export function loginUrl(issuer: string, returnTo: string): string {
  if (!ownPage.test(returnTo)) throw new Error('a login leads back to a page of the gateway alone');
  const url = new URL(`${issuer}${endpoints.authorization}`);
  url.search = new URLSearchParams({
    client_id: pagesClient,
    response_type: 'code',
    scope: 'openid',
    redirect_uri: `${issuer}${continuation}`,
    code_challenge: randomBytes(32).toString('base64url'),
    code_challenge_method: 'S256',
    state: returnTo,
  }).toString();
  return url.href;
}

/** Sends a browser on after its login; false for another path. */
export function continueLogin(path: string, request: IncomingMessage, response: ServerResponse): boolean {
  if (path !== continuation) return false;
  const { searchParams } = new URL(request.url ?? '/', 'http://gateway.invalid');
  const place = searchParams.get('state') ?? '';
  if (!searchParams.has('code') || !ownPage.test(place)) {
    response.writeHead(400, { ...pageHeaders });
    response.end(errorPage('invalid_request', 'the login did not succeed'));
    return true;
  }
  response.writeHead(303, { Location: place, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' });
  response.end();
  return true;
}

/** The account that is logged in in a browser. */
export async function sessionAccount(
  { Session }: Provider,
  request: IncomingMessage,
): Promise<string | undefined> {
  // It reads the cookies of the request alone; what it would answer is never sent.
  const session = await Session.get({
    req: request,
    res: new ServerResponse(request),
    secure: true,
  } as never);
  return session.accountId;
}

/** The grant of a request: that of its client, and for our own pages one that says no more than who is logged in. */
export const loadExistingGrant: NonNullable<Configuration['loadExistingGrant']> = async (context) => {
  const { client, session, provider, result } = context.oidc;
  if (client === undefined || session === undefined) return undefined;
  const known = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
  if (known !== undefined) return await provider.Grant.find(known);
  if (!isOfOwnPages(context) || session.accountId === undefined) return undefined;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid');
  await grant.save();
  return grant;
};
