import type { Reply } from '../model/call.ts';
import type { Eventual } from '../model/eventual.ts';
import { Refusal, refuse } from '../model/refusal.ts';
import { answer } from './forward/answer.ts';
import { gather } from './forward/gather.ts';
import { listen } from './forward/listen.ts';
import { relay } from './forward/relay.ts';
import type { Route } from './isolate.ts';
import type { Offer } from './offer.ts';
import type { Ports } from './ports.ts';
import type { Recorded } from './record-decision.ts';
import type { Stage } from './stage.ts';
import type { Visible } from './visible.ts';
import { withEither } from './with-either.ts';

/** There is an answer. It has not been inspected yet. */
export interface Forwarded extends Recorded {
  readonly reply: Reply;
  /** Time spent waiting for the answer, in microseconds. */
  readonly upstreamUs: number;
}

/** What the ways of forwarding share. */
export interface ForwardTools {
  readonly ports: Ports;
  readonly visible: Visible;
  /** Takes what comes back before the answer does. */
  readonly offer: Offer;
}

/** One way of forwarding. */
export type Forward = (state: Recorded, signal: AbortSignal) => Eventual<Reply | Refusal>;

/** Gets the answer: from the gateway itself, from the lists of the upstreams, or from one upstream. */
export function forward(
  tools: ForwardTools,
): Stage<Recorded, { readonly reply: Reply; readonly upstreamUs: number }> {
  const ways: Readonly<Record<Route['kind'], Forward>> = {
    answer: answer(tools),
    gather: gather(tools),
    relay: relay(tools),
    listen: listen(tools),
  };
  const { clock } = tools.ports;
  return {
    name: 'forward',
    run: async (state, signal) => {
      const startedUs = clock.microseconds();
      const { ended } = state.use;
      const reply = await withEither(signal, ended, (either) => ways[state.route.kind](state, either));
      if (ended.aborted && reply instanceof Refusal)
        return refuse('task_ended', 'it ended while the call ran');
      if (reply instanceof Refusal) return reply;
      return { reply, upstreamUs: Math.round(clock.microseconds() - startedUs) };
    },
  };
}
