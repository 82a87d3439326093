import { after } from '../model/eventual.ts';
import type { Listed } from '../model/primitive.ts';
import { Refusal } from '../model/refusal.ts';
import { callerOf } from './access.ts';
import { type Isolated, unknownTarget } from './isolate.ts';
import type { Ports } from './ports.ts';
import type { Stage } from './stage.ts';
import type { Clean } from './visible.ts';

/** The primitive exists. Whether the caller may know of it is not decided yet. */
export interface Resolved extends Isolated {
  readonly listed: Listed | undefined;
}

type Resolution = { readonly listed: Listed | undefined };

/** Finds the primitive in the upstream's list. What describes itself with hidden text does not exist. */
export function resolve({ catalog }: Pick<Ports, 'catalog'>, clean: Clean): Stage<Isolated, Resolution> {
  return {
    name: 'resolve',
    run: (state) => {
      const { route } = state;
      if (route.kind !== 'relay') return { listed: undefined };
      const found = catalog.find(route.primitive, callerOf(state), ({ item }) => clean(item));
      return after(found, (entry) => judge(state, entry));
    },
  };
}

function judge({ call, route }: Isolated, found: Listed | undefined | Refusal): Resolution | Refusal {
  if (found instanceof Refusal) return found;
  if (found !== undefined) return { listed: found };
  return unknownTarget(route.kind === 'relay' ? route.primitive.kind : 'server', call);
}
