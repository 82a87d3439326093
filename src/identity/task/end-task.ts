import type { JsonObject } from '../../model/json.ts';
import type { Report } from '../../model/report.ts';
import type { TaskId } from '../../model/task.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { Documents, TaskLedger } from '../../pipeline/store-ports.ts';
import type { Revocations } from '../revocation/revocations.ts';
import { noteEnd, type TaskEnd } from './task-record.ts';

/** What ends tasks. */
export interface TaskEnderOptions {
  readonly ledger: Pick<TaskLedger, 'end'>;
  readonly documents: Documents;
  readonly revocations: Pick<Revocations, 'bump'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly report: Report;
}

/**
 * Ends a task and all that was delegated from it; answers the ids that ended now. Rejects when the store cannot be
 * reached: then it is not known to have ended.
 */
export type EndTask = (task: TaskId, how: TaskEnd['how'], by: string) => Promise<readonly TaskId[]>;

/** Makes it. `by` says for the record who asked. */
export function createEndTask({ ledger, documents, revocations, clock, report }: TaskEnderOptions): EndTask {
  return async (task, how, by) => {
    const at = clock.now();
    const ended = await ledger.end(task, at);
    // Also where the ledger does not know it any more: its token may still be alive.
    const all = [...new Set([task, ...ended])];
    await Promise.all(all.map((id) => revocations.bump({ kind: 'task', id }, at)));
    await Promise.all(all.map((id) => noteEnd(documents, id, { at, how })));
    for (const id of ended) report('task ended', { task: id, how, by });
    return ended;
  };
}

/** Ends the task of a token that is revoked (RFC 7009), given its verified claims; false for a token without one. */
export async function endTaskOfToken(end: EndTask, claims: JsonObject, by: string): Promise<boolean> {
  const { txn } = claims;
  if (typeof txn !== 'string' || txn === '') return false;
  await end(txn as TaskId, 'revoked', by);
  return true;
}
