import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { frontContext } from './context.ts';
import { places } from './endpoints.ts';
import { nodeExchange } from './node-exchange.ts';
import type { FrontOptions } from './options.ts';
import { originRule } from './origins.ts';
import { router } from './router.ts';

/** The front, listening. */
export interface Listening {
  /** The address clients use, without a path: `publicUrl` if there is one. */
  readonly url: string;
  /** The address that is bound, such as `http://127.0.0.1:8080`. */
  readonly localUrl: string;
  /** Ends the listener, its streams and its sessions; resolves within a second. */
  readonly close: () => Promise<void>;
}

const graceMs = 700;

/** Starts the front. Rejects if the address cannot be bound. */
export async function listen(options: FrontOptions): Promise<Listening> {
  const context = frontContext(options);
  const { headerBytes, bodySeconds, stallSeconds } = context.limits;
  const server = createServer({
    maxHeaderSize: headerBytes,
    requestTimeout: bodySeconds * 1000,
    headersTimeout: Math.min(bodySeconds, 15) * 1000,
    connectionsCheckingInterval: 1000,
    insecureHTTPParser: false,
  });
  const localUrl = await bind(server, options);
  const url = options.publicUrl?.replace(/\/+$/, '') ?? localUrl;
  const { allowedOrigins: origins = [], allowedHosts: hosts = [] } = options;
  const routed = router({
    context,
    placeOf: places(options.front, url),
    origins: originRule(options.host, options.publicUrl, { origins, hosts }),
  });
  server.on('request', (request, response) =>
    routed.serve(nodeExchange(request, response, stallSeconds * 1000)),
  );
  return { url, localUrl, close: () => shut(server, routed.close) };
}

function bind(server: Server, { host, port }: FrontOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const { port: bound } = server.address() as AddressInfo;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${bound}`);
    });
  });
}

/** Calls that run get a moment to end; then their connections are closed, which cancels them. */
function shut(server: Server, closeStreams: () => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    closeStreams();
  });
}
