import { after } from '../../model/eventual.ts';
import { Refusal } from '../../model/refusal.ts';
import type { Ports } from '../ports.ts';
import type { Stage } from '../stage.ts';
import type { NamedOffer } from './name.ts';

/** The message fits into what the task has left. */
export type ChargedOffer = NamedOffer & { readonly charged: true };

/** Charges the bytes of a message to the task, so that nothing leaves beside the budget. */
export function chargeOffer({ tasks }: Pick<Ports, 'tasks'>): Stage<NamedOffer, { readonly charged: true }> {
  return {
    name: 'charge message',
    run: ({ state: { subject }, named }) =>
      after(tasks.charge(subject, named.bytes.byteLength), (refusal) =>
        refusal instanceof Refusal ? refusal : { charged: true },
      ),
  };
}
