import type { FrontContext } from '../context.ts';
import type { Site } from '../endpoints.ts';
import type { Exchange } from '../exchange.ts';
import { registry } from './registry.ts';
import { openSse, sseMessage } from './sse.ts';
import { endStreamable, openStreamable, postStreamable } from './streamable.ts';

/** The transports of the older revisions: Streamable HTTP with sessions, and HTTP+SSE. */
export interface Legacy {
  readonly post: ServeBody;
  readonly openStream: Serve;
  readonly end: Serve;
  readonly openSse: Serve;
  readonly sseMessage: ServeBody;
  /** Ends every session. */
  readonly close: () => void;
}

type Serve = (exchange: Exchange, site: Site, cors: readonly string[]) => Promise<void>;
type ServeBody = (exchange: Exchange, site: Site, body: Uint8Array, cors: readonly string[]) => Promise<void>;

/** The legacy transports with the sessions they share. */
export function legacyTransports(context: FrontContext): Legacy {
  const sessions = registry(context.limits, context.options.clock);
  const host = { context, sessions };
  return {
    post: (exchange, site, body, cors) => postStreamable(host, { exchange, site, cors }, body),
    openStream: (exchange, site, cors) => openStreamable(host, { exchange, site, cors }),
    end: (exchange, site, cors) => endStreamable(host, { exchange, site, cors }),
    openSse: (exchange, site, cors) => openSse(host, { exchange, site, cors }),
    sseMessage: (exchange, site, body, cors) => sseMessage(host, { exchange, site, cors }, body),
    close: sessions.close,
  };
}
