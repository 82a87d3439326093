import type { RelayOrder } from '../../pipeline/ports.ts';

/** The upstream's own name or URI of what an order is about; undefined for a method that names nothing. */
export function relayTarget({ call, primitive }: Pick<RelayOrder, 'call' | 'primitive'>): string | undefined {
  // A completion names its prompt or template within `ref`, so it has no target of its own (server/utilities/completion).
  const names = call.target !== undefined || call.method === 'completion/complete';
  return names ? primitive.name : undefined;
}
