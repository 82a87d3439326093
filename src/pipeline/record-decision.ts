import { hash } from 'node:crypto';
import { asRecorded } from '../model/finding.ts';
import type { DecisionRecord, RecordedSubject, RecordedTask } from '../model/record.ts';
import type { Subject } from '../model/subject.ts';
import type { Task } from '../model/task.ts';
import type { Arrived } from './arrive.ts';
import type { Brokered } from './broker-credential.ts';
import { clipped } from './clipped.ts';
import type { Decoded } from './decode.ts';
import type { Ports } from './ports.ts';
import type { Stage } from './stage.ts';
import { timestamp } from './timestamp.ts';

/** The decision is on its way to the disk; nothing may be released before it is there. */
export interface Recorded extends Brokered {
  readonly recorded: Promise<void>;
}

/** Appends the decision, and does not wait: the log is written while the upstream works. */
export function recordDecision({
  journal,
  clock,
}: Pick<Ports, 'journal' | 'clock'>): Stage<Brokered, { readonly recorded: Promise<void> }> {
  return {
    name: 'record decision',
    run: (state) => {
      const { permit, callFindings } = state;
      const recorded = journal.append({
        ...recordedFacts(state, clock.microseconds()),
        decision: 'permit',
        action: clipped(permit.action, longestId),
        ...(permit.resource && {
          resource: { id: clipped(permit.resource.id, longestId), tags: permit.resource.tags },
        }),
        policies: permit.policies,
        obligations: asRecorded(callFindings),
      });
      // Whoever releases waits for it; without this line a rejection before that would end the process.
      recorded.catch(() => undefined);
      return { recorded };
    },
  };
}

/** Longer than any name that a policy decides by (`policy/resource-tags.ts`), so that a permit is recorded in full. */
const longestId = 8_192;

/** What every decision record says, as far as it is known. */
export function recordedFacts(
  state: Arrived & Partial<Decoded>,
  nowUs: number,
): Pick<
  DecisionRecord,
  'kind' | 'id' | 'at' | 'subject' | 'environment' | 'request' | 'latencyUs' | 'traceId'
> {
  const { call, subject } = state;
  return {
    kind: 'decision',
    id: state.id,
    at: timestamp(state.instant),
    ...(subject && { subject: recordedSubject(subject) }),
    environment: {
      peer: state.arrival.credentials.peer,
      endpoint: state.arrival.credentials.resource,
      ...(call && { revision: call.client.revision }),
    },
    ...(call && { request: hash('sha256', call.document.bytes, 'base64url'), traceId: call.trace.traceId }),
    latencyUs: Math.round(nowUs - state.startedUs),
  };
}

const recordedSubjects = new WeakMap<Subject, RecordedSubject>();

/** The identity room hands out one object for one token, so what is recorded of it is made once. */
function recordedSubject(subject: Subject): RecordedSubject {
  const known = recordedSubjects.get(subject);
  if (known !== undefined) return known;
  const made = describeSubject(subject);
  recordedSubjects.set(subject, made);
  return made;
}

function describeSubject({ user, agent, device, proof, task }: Subject): RecordedSubject {
  const { id, actsFor } = agent;
  return {
    user: user.subject,
    issuer: user.issuer,
    roles: user.roles,
    agent: id,
    ...(actsFor && actsFor.length > 0 && { actsFor: chain(actsFor) }),
    device: { ...(device.id !== undefined && { id: device.id }), managed: device.managed },
    ...(proof && { proof }),
    ...(task && { task: describeTask(task) }),
  };
}

function describeTask({ id, ancestors, purpose, implicit }: Task): RecordedTask {
  return {
    id: clipped(id, longestName),
    ...(ancestors.length > 0 && { ancestors: chain(ancestors) }),
    ...(purpose !== undefined && { purpose: clipped(purpose, longestName) }),
    ...(implicit && { implicit }),
  };
}

const mostLinks = 16;
const longestName = 512;

/** Whoever handed a task on chose how long the chain is and, for the most part, what stands in it. */
function chain(names: readonly string[]): readonly string[] {
  const kept = names.slice(0, mostLinks).map((name) => clipped(name, longestName));
  return names.length > mostLinks ? [...kept, `… ${names.length - mostLinks} more`] : kept;
}
