import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { sdkEndpoint } from '../fixtures/conformance/sdk-endpoint.ts';
import { listen } from '../login/gateway.ts';

/** An MCP server that is an OAuth resource server: RFC 9728 metadata, RFC 9068 tokens for itself alone. */
export interface ProtectedServer {
  readonly url: string;
  /** Whose token came with each call of a tool that was let through. */
  readonly callers: string[];
  /** Everything that ever came: request lines, headers and bodies. */
  readonly received: () => string;
  /** Turns these tokens down from now on, whatever they say of themselves. */
  readonly rejected: Set<string>;
  readonly stop: () => void;
}

/** Starts it on the official SDK, with both eras. */
export async function startProtectedServer(issuer: () => string): Promise<ProtectedServer> {
  const server = createServer();
  const origin = await listen(server, '127.0.0.1');
  const url = `${origin}/mcp`;
  const callers: string[] = [];
  const pieces: string[] = [];
  const rejected = new Set<string>();
  const endpoint = sdkEndpoint('dual');
  let keys: ReturnType<typeof createRemoteJWKSet> | undefined;
  const userOf = async (request: IncomingMessage): Promise<string | undefined> => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined || rejected.has(token)) return undefined;
    keys ??= createRemoteJWKSet(new URL(`${issuer()}/jwks`));
    const expected = { issuer: issuer(), audience: url, typ: 'at+jwt' };
    const verified = await jwtVerify(token, keys, expected).catch(() => undefined);
    return verified?.payload.sub;
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    pieces.push(`${request.method} ${request.url} ${request.rawHeaders.join(' ')}`);
    request.on('data', (chunk: Buffer) => pieces.push(chunk.toString('latin1')));
    request.pause();
    if (request.url === '/.well-known/oauth-protected-resource/mcp') {
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ resource: url, authorization_servers: [issuer()], scopes_supported: ['notes'] }),
      );
      return;
    }
    const user = await userOf(request);
    if (user === undefined) {
      const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`;
      const challenge = `Bearer resource_metadata="${metadata}", scope="notes"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
      return;
    }
    if (request.headers['mcp-method'] === 'tools/call') callers.push(user);
    endpoint(request, response);
  };
  server.on('request', (request, response) => void serve(request, response));
  return {
    url,
    callers,
    received: () => pieces.join('\n'),
    rejected,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
