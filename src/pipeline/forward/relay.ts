import { refuse } from '../../model/refusal.ts';
import type { Forward, ForwardTools } from '../forward.ts';
import type { Scope } from '../ports.ts';

/** Sends the call to the upstream that owns its primitive. */
export function relay({ ports: { upstreams }, offer }: ForwardTools): Forward {
  return (state, signal) => {
    const { route, call, permit, listed, scopes } = state;
    if (route.kind !== 'relay' || !permit.valid) return refuse('internal_fault', 'relay without a permit');
    return upstreams.relay(
      {
        permit,
        call,
        listed,
        primitive: route.primitive,
        requestState: route.requestState,
        scope: scopes.get(route.primitive.server) as Scope,
        notify: offer(state, route.primitive.server),
      },
      signal,
    );
  };
}
