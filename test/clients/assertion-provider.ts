/** The identity provider of a company that says of its users what an MCP client may do for them elsewhere (ID-JAG). */
import { generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface AssertionProvider {
  readonly issuer: string;
  /** What a login at the provider gives to the client. */
  readonly idToken: (subject: string) => string;
  readonly stop: () => void;
}

/** The client of the provider. */
export const desktop: { readonly id: string; readonly secret: string } = {
  id: 'desktop-at-the-provider',
  secret: 'secret of the desktop at the provider',
};

const idTokenType = 'urn:ietf:params:oauth:token-type:id_token';
const assertionType = 'urn:ietf:params:oauth:token-type:id-jag';

/** Starts it on a free port. `clientAt` tells the client ids at other authorization servers. */
export async function startAssertionProvider(
  clientAt: (audience: string) => string | undefined,
): Promise<AssertionProvider> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'provider', alg: 'ES256', use: 'sig' };
  const now = (): number => Math.floor(Date.now() / 1000);
  const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const signed = (typ: string, claims: object): string => {
    const body = [{ typ, alg: 'ES256', kid: 'provider' }, claims].map(encoded).join('.');
    const signature = sign('sha256', Buffer.from(body), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    return `${body}.${signature.toString('base64url')}`;
  };
  const subjectOf = (idToken: string): string | undefined => {
    const [head, body = '', signature = ''] = idToken.split('.');
    const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
    if (!verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url')))
      return undefined;
    return (JSON.parse(Buffer.from(body, 'base64url').toString()) as { readonly sub: string }).sub;
  };

  /** RFC 8693 with `requested_token_type` of an identity assertion. */
  const exchange = (asked: URLSearchParams): readonly [number, object] => {
    const client = clientAt(asked.get('audience') ?? '');
    const sub = subjectOf(asked.get('subject_token') ?? '');
    const isOurs =
      asked.get('client_id') === desktop.id &&
      asked.get('client_secret') === desktop.secret &&
      asked.get('subject_token_type') === idTokenType &&
      asked.get('requested_token_type') === assertionType;
    if (!isOurs || client === undefined || sub === undefined) return [400, { error: 'invalid_request' }];
    const assertion = signed('oauth-id-jag+jwt', {
      iss: issuer,
      sub,
      aud: asked.get('audience'),
      client_id: client,
      resource: asked.get('resource'),
      jti: randomUUID(),
      iat: now(),
      exp: now() + 60,
      ...(asked.get('scope') !== null && { scope: asked.get('scope') }),
    });
    return [
      200,
      { access_token: assertion, issued_token_type: assertionType, token_type: 'N_A', expires_in: 60 },
    ];
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [status, body] =
      request.url === '/token'
        ? exchange(new URLSearchParams(await text(request)))
        : request.url === '/jwks'
          ? [200, { keys: [jwk] }]
          : [200, { issuer, jwks_uri: `${issuer}/jwks`, token_endpoint: `${issuer}/token`, ...required }];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    idToken: (sub) => signed('JWT', { iss: issuer, sub, aud: desktop.id, iat: now(), exp: now() + 300 }),
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** RFC 8414 section 2: what a metadata document must hold beside the endpoints. */
const required = {
  authorization_endpoint: 'https://provider.test/authorize',
  response_types_supported: ['code'],
};
