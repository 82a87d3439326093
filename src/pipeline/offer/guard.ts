import { blocking } from '../../model/finding.ts';
import type { JsonDocument } from '../../model/json.ts';
import { refuse } from '../../model/refusal.ts';
import { describe } from '../guard-call.ts';
import type { Ports } from '../ports.ts';
import type { Stage } from '../stage.ts';
import type { AdmittedOffer } from './admit.ts';

/** The message holds nothing that must not reach a model. */
export type GuardedOffer = AdmittedOffer & { readonly clean: JsonDocument };

/** Inspects a message as results are inspected. */
export function guardOffer({
  guard,
}: Pick<Ports, 'guard'>): Stage<AdmittedOffer, { readonly clean: JsonDocument }> {
  return {
    name: 'guard message',
    run: ({ message }) => {
      const { findings, replacement = message } = guard.message(message);
      const stopping = blocking(findings);
      return stopping.length === 0 ? { clean: replacement } : refuse('result_blocked', describe(stopping));
    },
  };
}
