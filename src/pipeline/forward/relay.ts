import { refuse } from '../../model/refusal.ts';
import { scopeFor } from '../broker-credential.ts';
import type { Forward, ForwardTools } from '../forward.ts';

/** Sends the call to the upstream that owns its primitive. */
export function relay({ ports: { upstreams }, offer }: ForwardTools): Forward {
  return (state, signal) => {
    const { route, call, permit, listed } = state;
    if (route.kind !== 'relay' || !permit.valid) return refuse('internal_fault', 'relay without a permit');
    return upstreams.relay(
      {
        permit,
        call,
        listed,
        primitive: route.primitive,
        requestState: route.requestState,
        scope: scopeFor(state, route.primitive.server),
        notify: offer(state, route.primitive.server),
      },
      signal,
    );
  };
}
