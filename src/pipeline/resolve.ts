import type { Listed } from '../model/primitive.ts';
import { Refusal } from '../model/refusal.ts';
import { type Isolated, unknownTarget } from './isolate.ts';
import type { Ports } from './ports.ts';
import type { Stage } from './stage.ts';
import type { Visible } from './visible.ts';

/** The primitive exists and the caller may know of it. */
export interface Resolved extends Isolated {
  readonly listed: Listed | undefined;
}

type Resolution = { readonly listed: Listed | undefined };

/** Finds the primitive in the upstream's list. What the caller may not see does not exist for it. */
export function resolve({ catalog }: Pick<Ports, 'catalog'>, visible: Visible): Stage<Isolated, Resolution> {
  return {
    name: 'resolve',
    run: (state) => {
      const { route, subject } = state;
      if (route.kind !== 'relay') return { listed: undefined };
      const found = catalog.find(route.primitive, subject, (listed) => visible(state, listed));
      return found instanceof Promise ? found.then((later) => judge(state, later)) : judge(state, found);
    },
  };
}

function judge(
  { arrival, call, route }: Isolated,
  found: Listed | undefined | Refusal,
): Resolution | Refusal {
  if (found instanceof Refusal) return found;
  if (found === undefined)
    return unknownTarget(route.kind === 'relay' ? route.primitive.kind : 'server', call);
  return arrival.agrees(call, found) ?? { listed: found };
}
