/** An MCP server that shows an X.509-SVID, and answers only workloads that show one. */
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { peerChain } from '../../../src/identity/spiffe/peer-chain.ts';
import type { VerifyPeer } from '../../../src/pipeline/ports.ts';
import type { Pair } from './domains.ts';

export interface MtlsServer {
  readonly url: string;
  /** The SPIFFE ID of whoever made each connection; undefined: none that counts. */
  readonly callers: readonly (string | undefined)[];
  readonly requests: () => number;
  readonly close: () => Promise<void>;
}

/** Starts one with a single tool, `greet`. Each request needs a connection of its own. */
export async function startMtlsServer(pair: Pair, verifyPeer: VerifyPeer): Promise<MtlsServer> {
  const callers: (string | undefined)[] = [];
  const known = new WeakMap<Socket, string>();
  const serve = toNodeHandler(createMcpHandler(greeter, { legacy: 'reject' }));
  const server = createServer({ ...pair, requestCert: true, rejectUnauthorized: false });
  server.on('secureConnection', (socket: TLSSocket) => {
    const id = verifyPeer(peerChain(socket.getPeerCertificate(true)));
    callers.push(typeof id === 'string' ? id : undefined);
    if (typeof id === 'string') known.set(socket, id);
  });
  let requests = 0;
  server.on('request', (request, response) => {
    requests += 1;
    response.setHeader('connection', 'close');
    // The SDK's type leaves no room for an explicit `undefined`, which node:http's has.
    if (known.has(request.socket)) void serve(request as NodeIncomingMessageLike, response);
    else response.writeHead(403).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}/mcp`,
    callers,
    requests: () => requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function greeter(): McpServer {
  const server = new McpServer({ name: 'greeter', version: '1.0.0' });
  server.registerTool('greet', { description: 'Greets.' }, () => ({
    content: [{ type: 'text', text: 'good day' }],
  }));
  return server;
}
