import { Pool } from 'undici';
import type { ServerContext } from '../settings.ts';

const connectMs = 10_000;

/** The connections of one link. Responses are bounded by the exchange, so the client's own timers stay off. */
export function openPool(url: URL, { limits }: Pick<ServerContext, 'limits'>): Pool {
  return new Pool(url.origin, {
    connections: limits.connections,
    pipelining: 1,
    connect: { timeout: connectMs },
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

/** Path and query of an endpoint, as they stand in the request line. */
export function requestPath(url: URL): string {
  return url.pathname + url.search;
}
