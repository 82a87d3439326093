import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { createRemoteJWKSet, exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from 'jose';
import { listen } from '../login/gateway.ts';
import { vendorClient } from './company.ts';

/** An authorization server without a browser: it gives tokens for the word of issuers that it trusts, and to clients. */
export interface GrantsServer {
  readonly issuer: string;
  /** Whose word counts: the key set of each issuer. */
  readonly trusted: Map<string, string>;
  /** Who is asked about access tokens: the UserInfo endpoint of an OpenID provider. */
  readonly userInfo: { url?: string };
  /** `grant type, subject` of every token that it gave out. */
  readonly given: string[];
  /** The type of the subject token of each of them. */
  readonly shown: string[];
  readonly stop: () => void;
}

/** What a request for a token says, after the client showed its secret. */
interface Asked {
  readonly form: URLSearchParams;
  readonly client: string | undefined;
}

const type = {
  jwtBearer: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  exchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
};

/** Starts it. */
export async function startGrantsServer(): Promise<GrantsServer> {
  const server = createServer();
  const issuer = await listen(server, '127.0.0.1');
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid: 'grants', alg: 'ES256' };
  const trusted = new Map<string, string>();
  const [given, shown]: [string[], string[]] = [[], []];

  /** The subject of a JWT of a trusted issuer that is for us. */
  const subjectOf = async (token: string, audience: string, typ: string | undefined): Promise<string> => {
    const { iss = '' } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const keys = createRemoteJWKSet(new URL(trusted.get(iss) ?? 'missing:'));
    const expected = { issuer: iss, audience, ...(typ !== undefined && { typ }) };
    const { payload } = await jwtVerify(token, keys, expected);
    if (typ === 'oauth-id-jag+jwt' && payload['client_id'] !== vendorClient.clientId) {
      throw new Error('the assertion is for another client');
    }
    return String(payload.sub);
  };
  const userInfo: GrantsServer['userInfo'] = {};
  const userOf = async (accessToken: string): Promise<string> => {
    const headers = { authorization: `Bearer ${accessToken}` };
    const response = await fetch(userInfo.url ?? 'missing:', { headers });
    if (!response.ok) throw new Error('the access token is not good');
    return ((await response.json()) as { readonly sub: string }).sub;
  };
  const decide = async ({ form, client }: Asked): Promise<string> => {
    const member = (name: string): string => form.get(name) ?? '';
    if (client === undefined) throw new Error('no client');
    switch (member('grant_type')) {
      case 'client_credentials':
        return client;
      case type.jwtBearer:
        return subjectOf(member('assertion'), issuer, 'oauth-id-jag+jwt');
      case type.exchange: {
        if (member('subject_token_type').endsWith(':access_token')) return userOf(member('subject_token'));
        const isIdToken = member('subject_token_type').endsWith(':id_token');
        return subjectOf(member('subject_token'), isIdToken ? 'bartizan' : `${issuer}/token`, undefined);
      }
      default:
        throw new Error('another grant');
    }
  };
  const token = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = new URLSearchParams((await buffer(request)).toString());
    const pair = `${vendorClient.clientId}:${new URLSearchParams({ '': vendorClient.clientSecret }).toString().slice(1)}`;
    const isClient = request.headers.authorization === `Basic ${Buffer.from(pair).toString('base64')}`;
    const client = isClient ? vendorClient.clientId : undefined;
    const subject = await decide({ form, client }).catch(() => undefined);
    if (subject === undefined) return send(response, 400, { error: 'invalid_grant' });
    given.push(`${form.get('grant_type')?.split(':').at(-1)}, ${subject}`);
    shown.push(form.get('subject_token_type')?.split(':').at(-1) ?? '');
    const accessToken = await new SignJWT({ client_id: client, jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: 'ES256', kid: 'grants', typ: 'at+jwt' })
      .setIssuer(issuer)
      .setSubject(subject)
      .setAudience(form.get('resource') ?? '')
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey);
    const issued = { issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' };
    send(response, 200, { access_token: accessToken, token_type: 'Bearer', expires_in: 300, ...issued });
  };
  server.on('request', (request, response) => {
    if (request.url === '/token') void token(request, response);
    else if (request.url === '/jwks') send(response, 200, { keys: [jwk] });
    else if (request.url === '/.well-known/oauth-authorization-server')
      send(response, 200, { issuer, token_endpoint: `${issuer}/token` });
    else response.writeHead(404).end();
  });
  return {
    issuer,
    trusted,
    userInfo,
    given,
    shown,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
