import { after } from '../model/eventual.ts';
import { Refusal } from '../model/refusal.ts';
import type { Cleared } from './guard-result.ts';
import type { Ports } from './ports.ts';
import type { Stage } from './stage.ts';

/** The answer fits into what the task has left. */
export interface Charged extends Cleared {
  readonly charged: true;
}

/** Charges the bytes of an upstream's answer to the task. What the budget does not cover is not released. */
export function chargeResult({ tasks }: Pick<Ports, 'tasks'>): Stage<Cleared, { readonly charged: true }> {
  return {
    name: 'charge result',
    run: ({ subject, route, cleared }) => {
      if (route.kind !== 'relay') return { charged: true };
      const outcome = tasks.charge(subject, cleared.document.bytes.byteLength);
      return after(outcome, (refusal) => (refusal instanceof Refusal ? refusal : { charged: true }));
    },
  };
}
