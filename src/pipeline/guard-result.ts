import type { Reply } from '../model/call.ts';
import { blocking, type Finding } from '../model/finding.ts';
import { Refusal, refuse } from '../model/refusal.ts';
import type { Forwarded } from './forward.ts';
import { describe, reasons } from './guard-call.ts';
import { checkInteraction } from './interaction.ts';
import type { Ports } from './ports.ts';
import type { Stage } from './stage.ts';

/** The answer holds nothing that must not reach the client. */
export interface Cleared extends Forwarded {
  readonly cleared: Reply;
  readonly resultFindings: readonly Finding[];
}

/** Inspects the answer, whatever kind it is. No result passes by another way. */
export function guardResult(
  ports: Pick<Ports, 'guard' | 'seal' | 'clock'>,
): Stage<Forwarded, { readonly cleared: Reply; readonly resultFindings: readonly Finding[] }> {
  return {
    name: 'guard result',
    run: (state) => {
      const { findings, replacement } = ports.guard.message(state.reply.document);
      const stopping = blocking(findings);
      if (stopping.length > 0) {
        return refuse('result_blocked', describe(stopping), { reason: `withheld: ${reasons(stopping)}` });
      }
      const clean = replacement === undefined ? state.reply : { ...state.reply, document: replacement };
      const cleared = checkInteraction(ports, state, clean);
      return cleared instanceof Refusal ? cleared : { cleared, resultFindings: findings };
    },
  };
}
