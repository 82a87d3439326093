import { sseKeepAlive } from '../../wire/sse.ts';
import type { EventStream, Exchange } from './exchange.ts';

/** The open event streams of the front: one timer keeps all of them alive. */
export interface Streams {
  readonly open: (exchange: Exchange, headers: readonly string[]) => EventStream;
  /** Ends every stream. */
  readonly close: () => void;
}

/** No proxy on the way may hold events back (streamable-http, "Sending Messages"). */
const streamHeaders: readonly string[] = [
  'Content-Type',
  'text/event-stream',
  'Cache-Control',
  'no-cache, no-transform',
  'X-Accel-Buffering',
  'no',
];

/** Streams that send a comment every `keepAliveMs`. A client that is behind gets none. */
export function streams(keepAliveMs: number): Streams {
  const open = new Set<EventStream>();
  const timer = setInterval(() => {
    for (const stream of open) if (!stream.blocked) void stream.write(sseKeepAlive);
  }, keepAliveMs);
  timer.unref();
  return {
    open: (exchange, headers) => {
      const stream = exchange.stream([...streamHeaders, ...headers]);
      open.add(stream);
      stream.onClose(() => open.delete(stream));
      return stream;
    },
    close: () => {
      clearInterval(timer);
      for (const stream of open) stream.cut();
    },
  };
}
