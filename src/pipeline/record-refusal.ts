import type { AuditRecord } from '../model/record.ts';
import { type Refusal, refuse } from '../model/refusal.ts';
import type { Arrived } from './arrive.ts';
import { Denied } from './authorize.ts';
import { clipped } from './clipped.ts';
import type { Ports, Refused } from './ports.ts';
import { type Recorded, recordedFacts } from './record-decision.ts';
import { refusalsOfStrangers } from './refusals-of-strangers.ts';
import type { Stopped } from './stage.ts';
import { timestamp } from './timestamp.ts';

/** Records why a call ended early, and only then lets the refusal out. */
export type RecordRefusal = (stopped: Stopped<Arrived, Recorded>) => Promise<Refused>;

/**
 * A denial becomes a decision record; a failure after the permit becomes its outcome. Refusals of callers that nobody
 * knows are bounded: beyond that they are counted.
 */
export function recordRefusal({ journal, clock }: Pick<Ports, 'journal' | 'clock'>): RecordRefusal {
  const strangers = refusalsOfStrangers({ journal, clock });
  return async (stopped) => {
    const { state, refusal } = stopped;
    if (state.subject === undefined && !strangers.mayRecord()) return told(stopped, refusal);
    const record = recordOf(stopped, clock);
    const kept = await Promise.all([state.recorded, journal.append(record)]).then(
      () => refusal,
      (fault: unknown) => refuse('record_failed', String(fault)),
    );
    return told(stopped, kept);
  };
}

function told({ state }: Stopped<Arrived, Recorded>, refusal: Refusal): Refused {
  return { kind: 'refused', decisionId: state.id, refusal, subject: state.subject, call: state.call };
}

function recordOf(stopped: Stopped<Arrived, Recorded>, clock: Ports['clock']): AuditRecord {
  const { state, refusal, stage } = stopped;
  const nowUs = clock.microseconds();
  if (state.recorded === undefined) {
    return {
      ...recordedFacts(state, nowUs),
      decision: 'deny',
      denial: refusal.code,
      detail: clipped(refusal.detail),
      stage,
      ...target(stopped),
      policies: refusal instanceof Denied ? refusal.policies : [],
      obligations: [],
    };
  }
  return {
    kind: 'outcome',
    id: state.id,
    at: timestamp(clock.now()),
    outcome: 'refused',
    denial: refusal.code,
    detail: clipped(refusal.detail),
    findings: [],
    totalUs: Math.round(nowUs - state.startedUs),
  };
}

function target({ state, refusal }: { state: Partial<Recorded>; refusal: Refusal }): {
  readonly action?: string;
  readonly resource?: { readonly id: string; readonly tags: Readonly<Record<string, string>> };
} {
  if (refusal instanceof Denied) {
    const { action, resource } = refusal.request;
    return { action: clipped(action.id), resource: { id: clipped(resource.id), tags: resource.tags } };
  }
  if (state.permit !== undefined) {
    const { action, resource } = state.permit;
    return {
      action: clipped(action),
      ...(resource && { resource: { id: clipped(resource.id), tags: resource.tags } }),
    };
  }
  const { call } = state;
  return call === undefined
    ? {}
    : { action: call.method, resource: { id: clipped(call.target ?? ''), tags: {} } };
}
