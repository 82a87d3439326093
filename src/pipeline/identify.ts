import { after } from '../model/eventual.ts';
import { Refusal } from '../model/refusal.ts';
import type { Subject } from '../model/subject.ts';
import type { Arrived } from './arrive.ts';
import type { Ports } from './ports.ts';
import type { Stage } from './stage.ts';

/** It is known who calls. */
export interface Identified extends Arrived {
  readonly subject: Subject;
}

/** Verifies the credentials. It stands before the decoder, so that nobody unknown reaches the parser. */
export function identify({
  identity,
}: Pick<Ports, 'identity'>): Stage<Arrived, { readonly subject: Subject }> {
  return {
    name: 'identify',
    run: ({ arrival }) => after(identity.identify(arrival.credentials), proof),
  };
}

function proof(found: Subject | Refusal): { readonly subject: Subject } | Refusal {
  return found instanceof Refusal ? found : { subject: found };
}
