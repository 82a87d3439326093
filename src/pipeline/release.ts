import { hash } from 'node:crypto';
import type { Reply } from '../model/call.ts';
import { asRecorded } from '../model/finding.ts';
import { type Refusal, refuse } from '../model/refusal.ts';
import type { Ports } from './ports.ts';
import type { Presented } from './present.ts';
import type { Stage } from './stage.ts';
import { timestamp } from './timestamp.ts';

/**
 * Waits until the decision would survive a crash, then lets the answer go and notes its outcome.
 *
 * INVARIANT: no record, no release. The outcome is a second record and is not waited for: by then the decision that
 * allowed the release is on disk.
 */
export function release({
  journal,
  clock,
}: Pick<Ports, 'journal' | 'clock'>): Stage<Presented, { readonly released: Reply }> {
  return {
    name: 'release',
    run: (state) => {
      const readyUs = clock.microseconds();
      return state.recorded.then(
        () => {
          noteOutcome({ journal, clock }, state, readyUs);
          return { released: state.presented };
        },
        (fault: unknown): Refusal => refuse('record_failed', String(fault)),
      );
    },
  };
}

function noteOutcome(
  { journal, clock }: Pick<Ports, 'journal' | 'clock'>,
  state: Presented,
  readyUs: number,
): void {
  const nowUs = clock.microseconds();
  const { bytes } = state.presented.document;
  const noted = journal.append({
    kind: 'outcome',
    id: state.id,
    at: timestamp(clock.now()),
    outcome: 'released',
    findings: asRecorded(state.resultFindings),
    result: hash('sha256', bytes, 'base64url'),
    bytes: bytes.byteLength,
    upstreamUs: state.upstreamUs,
    waitUs: Math.round(nowUs - readyUs),
    totalUs: Math.round(nowUs - state.startedUs),
  });
  // The next decision meets the same journal and refuses; this call was already decided on disk.
  noted.catch(() => undefined);
}
