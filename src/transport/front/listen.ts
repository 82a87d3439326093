import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { frontContext } from './context.ts';
import { places } from './endpoints.ts';
import { mounts } from './mounts.ts';
import { nodeExchange } from './node-exchange.ts';
import { openServer } from './open-server.ts';
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
  const { stallSeconds } = context.limits;
  const { server, stopTls } = openServer(options, context.limits);
  const localUrl = await bind(server, options);
  const url = options.publicUrl?.replace(/\/+$/, '') ?? localUrl;
  const { allowedOrigins: origins = [], allowedHosts: hosts = [] } = options;
  const rule = originRule(options.host, options.publicUrl, { origins, hosts });
  const routed = router({ context, placeOf: places(options.front, url), origins: rule });
  const mounted = mounts(options.mounts ?? (() => []), rule);
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const exchange = nodeExchange(request, response, stallSeconds * 1000);
    if (!mounted(exchange, request, response)) routed.serve(exchange);
  };
  whenReady(server, serve, options.ready);
  const close = async (): Promise<void> => {
    stopTls();
    await shut(server, routed.close);
  };
  return { url, localUrl, close };
}

/** Requests that come while the rest of the gateway still starts wait for it. */
function whenReady(server: Server, serve: RequestListener, ready: Promise<unknown> | undefined): void {
  let waiting = ready;
  ready?.then(
    () => {
      waiting = undefined;
    },
    () => server.closeAllConnections(),
  );
  server.on('request', (request, response) => {
    if (waiting === undefined) serve(request, response);
    else waiting.then(() => serve(request, response)).catch(() => response.destroy());
  });
}

function bind(server: Server, { host, port, tls }: FrontOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const { port: bound } = server.address() as AddressInfo;
      resolve(`${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${bound}`);
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
