import type { JsonObject } from '../../model/json.ts';
import { metaKey } from '../../model/meta-key.ts';
import { Refusal, refuse } from '../../model/refusal.ts';
import type { ServerId } from '../../model/server-id.ts';
import { scopeFor } from '../broker-credential.ts';
import type { Forward, ForwardTools } from '../forward.ts';
import type { ListenFilter } from '../ports.ts';
import type { Recorded } from '../record-decision.ts';
import { replyOf, written } from '../reply.ts';
import { allowedFilters, honoured } from './listen-filter.ts';

/**
 * Opens one change stream for the client out of those of its upstreams. The acknowledgement names the allowed subset
 * and comes before anything else; the stream ends with the client, its token, or the upstreams.
 */
export function listen(tools: ForwardTools): Forward {
  return async (state, signal) => {
    if (!state.permit.valid) return refuse('internal_fault', 'listen without a permit');
    const filters = await allowedFilters(tools, state);
    if (filters instanceof Refusal) return filters;
    const ending = endOf(state, tools.ports, signal);
    try {
      await serve(tools, state, filters, ending.signal);
    } finally {
      ending.clear();
    }
    return replyOf(state.call, { _meta: { [metaKey.subscriptionId]: state.call.id } });
  };
}

async function serve(
  tools: ForwardTools,
  state: Recorded,
  filters: ReadonlyMap<ServerId, ListenFilter>,
  signal: AbortSignal,
): Promise<void> {
  const acknowledged = Promise.withResolvers<void>();
  const streams = [...filters].map(([server, filter]) =>
    open(tools, state, server, filter, acknowledged.promise, signal),
  );
  await Promise.all(streams.map(({ ready }) => ready));
  await state.recorded;
  await state.arrival.channel.send(acknowledgement(state, filters));
  acknowledged.resolve();
  await Promise.all(streams.map(({ ended }) => ended));
}

interface Stream {
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
}

function open(
  { ports, offer }: ForwardTools,
  state: Recorded,
  server: ServerId,
  filter: ListenFilter,
  acknowledged: Promise<void>,
  signal: AbortSignal,
): Stream {
  const ready = Promise.withResolvers<void>();
  const deliver = offer(state, server, filter);
  const ended = ports.upstreams.listen(
    {
      permit: state.permit,
      server,
      filter,
      scope: scopeFor(state, server),
      ready: ready.resolve,
      notify: (message) => acknowledged.then(() => deliver(message)),
    },
    signal,
  );
  // A stream that ends before it stood must not hold the acknowledgement up.
  return { ready: Promise.race([ready.promise, ended]), ended };
}

function acknowledgement(
  { call }: Recorded,
  filters: ReadonlyMap<ServerId, ListenFilter>,
): ReturnType<typeof written> {
  const params: JsonObject = {
    notifications: honoured(call.endpoint, filters),
    _meta: { [metaKey.subscriptionId]: call.id },
  };
  return written({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params });
}

const longestTimerMs = 2 ** 31 - 1;

/** The stream outlives neither its client, nor the token it was opened with, nor the policy that allowed it. */
function endOf(
  { subject }: Recorded,
  { clock, front }: ForwardTools['ports'],
  signal: AbortSignal,
): { readonly signal: AbortSignal; readonly clear: () => void } {
  const expiry = new AbortController();
  // A token may count a little longer than it says, for clocks that differ; a stream does not.
  const left = Math.max(0, subject.expiresAt - clock.now());
  const timer = setTimeout(() => expiry.abort(), Math.min(left, longestTimerMs));
  return {
    signal: AbortSignal.any([signal, expiry.signal, front.replaced]),
    clear: () => clearTimeout(timer),
  };
}
