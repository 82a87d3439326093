/**
 * Adds the bearer token that the suite cannot send: it has no option for
 * headers. Everything else passes as it came, foreign `Host` and `Origin`
 * values too, so that the suite's attacks reach the gateway; only the shim's
 * own address is translated into the gateway's.
 */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Child } from './child.ts';

export async function startBearerShim(
  target: string,
  token: string,
): Promise<Child & { readonly url: string }> {
  const { host: targetHost, pathname } = new URL(target);
  let ownHost = '';
  const server = createServer((req, res) => {
    relay(target, headersFor(req, token, ownHost, targetHost), req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ownHost = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${ownHost}${pathname}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function headersFor(
  req: IncomingMessage,
  token: string,
  ownHost: string,
  targetHost: string,
): OutgoingHttpHeaders {
  const { host, origin, connection: _, ...others } = req.headers;
  return {
    ...others,
    host: host === ownHost ? targetHost : host,
    ...(origin !== undefined && { origin: origin === `http://${ownHost}` ? `http://${targetHost}` : origin }),
    authorization: `Bearer ${token}`,
  };
}

function relay(
  target: string,
  headers: OutgoingHttpHeaders,
  req: IncomingMessage,
  res: ServerResponse,
): void {
  const upstream = request(target, { method: req.method, headers }, (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers);
    res.flushHeaders();
    answer.pipe(res);
  });
  upstream.on('error', () => res.destroy());
  // A caller that goes away is a cancellation in 2026-07-28, so it must reach the gateway.
  res.on('close', () => upstream.destroy());
  req.pipe(upstream);
}
