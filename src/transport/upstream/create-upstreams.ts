import { type Refusal, refuse } from '../../model/refusal.ts';
import type { ServerId } from '../../model/server-id.ts';
import type { Inventory, ListChanged, Upstreams } from '../../pipeline/ports.ts';
import { boundedLog } from './bounded-log.ts';
import { listAll } from './inventory.ts';
import { defaultUpstreamLimits, type ServerContext, type UpstreamOptions } from './settings.ts';
import { type Upstream, upstreamOf } from './upstream.ts';

/** The upstream leg: relays permitted calls, reads lists and change streams. `close` ends everything within two seconds. */
export function createUpstreams(
  options: UpstreamOptions,
): Upstreams & Inventory & { readonly close: () => Promise<void> } {
  const listeners: ListChanged[] = [];
  const changed: ListChanged = (...change) => {
    for (const listener of listeners) listener(...change);
  };
  const known = new Map<ServerId, { readonly context: ServerContext; readonly upstream: Upstream }>();
  for (const server of options.servers.keys()) {
    const context = contextOf(options, server);
    known.set(server, { context, upstream: upstreamOf(context, options.verdicts, changed) });
  }

  return {
    relay: (order, signal) => {
      const { server } = order.primitive;
      return known.get(server)?.upstream.relay(order, signal) ?? Promise.resolve(unknown(server));
    },
    listen: async (order, signal) => known.get(order.server)?.upstream.listen(order, signal),
    items: async (server, kind, scope, signal) => {
      const found = known.get(server);
      return found === undefined
        ? unknown(server)
        : listAll(found.context, found.upstream, kind, scope, signal);
    },
    describe: async (server, scope, signal) =>
      known.get(server)?.upstream.describe(scope, signal) ?? unknown(server),
    onListChanged: (listener) => void listeners.push(listener),
    close: async () => {
      await Promise.all([...known.values()].map(({ upstream }) => upstream.close()));
    },
  };
}

function unknown(server: ServerId): Refusal {
  return refuse('internal_fault', `there is no upstream ${JSON.stringify(server)}`);
}

function contextOf({ servers, limits, info, clock, log }: UpstreamOptions, server: ServerId): ServerContext {
  const settings = servers.get(server);
  if (settings === undefined) throw new Error(`no settings for upstream ${server}`);
  return {
    server,
    settings,
    limits: { ...defaultUpstreamLimits, ...limits },
    info,
    clock,
    log: boundedLog((event, detail) => log(server, event, detail), clock),
  };
}
