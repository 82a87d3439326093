import type { Call } from '../model/call.ts';
import { Refusal } from '../model/refusal.ts';
import type { Identified } from './identify.ts';
import type { Stage } from './stage.ts';

/** It is known what is asked. */
export interface Decoded extends Identified {
  readonly call: Call;
}

/** Reads the message in its client's dialect, strictly and once. */
export function decode(): Stage<Identified, { readonly call: Call }> {
  return {
    name: 'decode',
    run: ({ arrival, subject }) => {
      const call = arrival.decode(subject);
      return call instanceof Refusal ? call : { call };
    },
  };
}
