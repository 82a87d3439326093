import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { buildConnector, type Dispatcher, Pool } from 'undici';
import type { HttpSettings, ServerContext, UpstreamTls } from '../settings.ts';

const connectMs = 10_000;

/** The connections of one link. */
export interface Connections {
  /** Makes a request on some connection. Throws if it cannot be made, such as without a certificate that is needed. */
  readonly dispatch: Dispatcher['dispatch'];
  /** Ends every connection and what runs on it. */
  readonly destroy: () => Promise<void>;
}

/**
 * The connections of one link. When the gateway's certificate has changed, new requests go over new connections; what
 * runs on the old ones ends in its own time.
 */
export function openPool({
  settings,
  limits,
}: Pick<ServerContext<HttpSettings>, 'settings' | 'limits'>): Connections {
  const { origin } = new URL(settings.url);
  const open = (shown: UpstreamTls | undefined): Pool => {
    const connect = shown === undefined ? { timeout: connectMs } : connector(shown);
    // Responses are bounded by the exchange, so the client's own timers stay off.
    return new Pool(origin, {
      connections: limits.connections,
      pipelining: 1,
      connect,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  };
  let shown: UpstreamTls | undefined;
  let pool: Pool | undefined;
  const retired = new Set<Pool>();
  const current = (): Pool => {
    const now = settings.tls?.();
    if (pool !== undefined && now === shown) return pool;
    if (pool !== undefined) retire(pool, retired);
    shown = now;
    pool = open(now);
    return pool;
  };
  return {
    dispatch: (options, handler) => current().dispatch(options, handler),
    destroy: async () => {
      await Promise.all([...(pool === undefined ? [] : [pool]), ...retired].map((one) => one.destroy()));
    },
  };
}

/** No new request comes to it; those that run are waited for. */
function retire(pool: Pool, retired: Set<Pool>): void {
  retired.add(pool);
  void pool.close().then(
    () => retired.delete(pool),
    () => retired.delete(pool),
  );
}

/**
 * INVARIANT: with a judge of its own a connection carries nothing before the judge has seen the server's chain. So no
 * session is resumed: Node.js shows no chain of a resumed one.
 */
function connector({ certificate, key, judge }: UpstreamTls): buildConnector.connector {
  const connect = buildConnector({
    timeout: connectMs,
    cert: certificate,
    key,
    ...(judge !== undefined && { rejectUnauthorized: false, maxCachedSessions: 0 }),
  });
  if (judge === undefined) return connect;
  return (options, callback) => {
    connect(options, (...[fault, socket]) => {
      const distrust = fault ?? distrustOf(socket, judge);
      if (distrust === undefined) {
        callback(null, socket as TLSSocket);
        return;
      }
      socket?.destroy();
      callback(distrust, null);
    });
  };
}

function distrustOf(
  socket: Socket | TLSSocket | null,
  judge: NonNullable<UpstreamTls['judge']>,
): Error | undefined {
  if (!(socket instanceof TLSSocket)) return new Error('the connection has no TLS');
  const objection = judge(chainOf(socket));
  return objection && new Error(`the server's certificate is not trusted: ${objection.detail}`);
}

function chainOf(socket: TLSSocket): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  for (
    let one = socket.getPeerX509Certificate();
    one !== undefined && chain.length < longestChain;
    one = one.issuerCertificate
  ) {
    chain.push(one.raw);
  }
  return chain;
}

const longestChain = 8;

/** Path and query of an endpoint, as they stand in the request line. */
export function requestPath(url: URL): string {
  return url.pathname + url.search;
}
