import { blocking, type Finding } from '../model/finding.ts';
import { refuse } from '../model/refusal.ts';
import type { Mirrored } from './compare-mirrors.ts';
import type { Ports } from './ports.ts';
import type { Stage } from './stage.ts';

/** Nothing in the call must be kept from leaving. */
export interface GuardedCall extends Mirrored {
  readonly callFindings: readonly Finding[];
}

/** Inspects what the call carries out. */
export function guardCall({
  guard,
}: Pick<Ports, 'guard'>): Stage<Mirrored, { readonly callFindings: readonly Finding[] }> {
  return {
    name: 'guard call',
    run: ({ call }) => {
      const callFindings = guard.call(call);
      const stopping = blocking(callFindings);
      if (stopping.length === 0) return { callFindings };
      return refuse('guard_blocked', describe(stopping), {
        reason: `the call was stopped before it left: ${reasons(stopping)}`,
      });
    },
  };
}

/** Findings as one line for the record. */
export function describe(findings: readonly Finding[]): string {
  return findings.map(({ code, at }) => `${code} at ${at}`).join('; ');
}

/** Findings as a sentence for the caller. */
export function reasons(findings: readonly Finding[]): string {
  return findings.map(({ message, at }) => `${message} (at ${at})`).join('; ');
}
