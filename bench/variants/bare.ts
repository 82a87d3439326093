/**
 * The reference of every ratio: the plainest honest proxy on node:http and undici. It buffers the request up to a
 * limit, drops hop-by-hop headers (RFC 9110 section 7.6.1), and streams the reply with back-pressure. No security.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Dispatcher, Pool } from 'undici';
import { announce, serve } from '../serve.ts';

const upstream = new URL(process.argv[2] ?? '');
const pool = new Pool(upstream.origin, { pipelining: 1 });
const largestBody = 4 * 1024 * 1024;

const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

type Headers = Record<string, string | string[]>;

const endToEnd = (headers: NodeJS.Dict<string | string[]>, alsoDropped = ''): Headers => {
  const kept: Headers = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && name !== alsoDropped && !hopByHop.has(name)) kept[name] = value;
  }
  return kept;
};

/** Passes the upstream's reply to the client piece by piece. */
const stream = (response: ServerResponse): Dispatcher.DispatchHandler => ({
  onRequestStart: (controller) => {
    response.on('close', () => {
      if (!response.writableFinished) controller.abort(new Error('the client left'));
    });
  },
  onResponseStart: (_controller, status, headers) => {
    response.writeHead(status, endToEnd(headers));
  },
  onResponseData: (controller, piece) => {
    if (response.write(piece)) return;
    controller.pause();
    response.once('drain', () => controller.resume());
  },
  onResponseEnd: () => {
    response.end();
  },
  onResponseError: () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  },
});

const forward = (request: IncomingMessage, response: ServerResponse, body: Buffer): void => {
  pool.dispatch(
    {
      path: request.url ?? '/',
      method: request.method ?? 'POST',
      headers: endToEnd(request.headers, 'host'),
      body,
    },
    stream(response),
  );
};

const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  let size = 0;
  request.on('data', (piece: Buffer) => {
    size += piece.length;
    if (size <= largestBody) pieces.push(piece);
  });
  request.on('end', () => {
    if (size > largestBody) response.writeHead(413).end();
    else forward(request, response, pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces));
  });
});

server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const { port } = server.address() as AddressInfo;
  announce({ url: `http://127.0.0.1:${port}${upstream.pathname}`, headers: {}, tool: 'lookup' });
});
serve({});
