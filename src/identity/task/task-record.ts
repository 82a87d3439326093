import { userKey } from '../../model/epoch-keys.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Subject } from '../../model/subject.ts';
import type { Task, TaskId } from '../../model/task.ts';
import type { Documents, NewDocument } from '../../pipeline/store-ports.ts';
import { taskDetails } from './task-details.ts';

/** The kind of the documents that say which tasks there are. They hold no token and no key. */
export const taskKind = 'task';

/** How a task came to its end before its time. */
export interface TaskEnd {
  readonly at: number;
  /** `completed`: its holder said so. `revoked`: somebody else did. */
  readonly how: 'completed' | 'revoked';
}

/** What is recorded of a task that was granted. */
export interface GrantedTask {
  readonly subject: Subject;
  readonly task: Task;
  readonly template: string;
  readonly resources: readonly string[];
  readonly grantedAt: number;
}

/** The document of a task, kept for `keepMs` after its end. */
export function taskRecord(granted: GrantedTask, keepMs: number): NewDocument {
  const { subject, task, template, resources, grantedAt } = granted;
  const { user, agent } = subject;
  const parent = task.ancestors.at(-1);
  return {
    value: {
      user: { issuer: user.issuer, subject: user.subject },
      agent: agent.id,
      ...(agent.actsFor && { acts_for: agent.actsFor }),
      ...(task.purpose !== undefined && { purpose: task.purpose }),
      template,
      resources,
      authorization_details: taskDetails(task),
      budget: { ...task.budget },
      ancestors: task.ancestors,
      granted_at: grantedAt,
      not_after: task.notAfter,
    },
    indexes: {
      user: userKey(user).id,
      agent: agent.id,
      ...(parent !== undefined && { parent }),
    },
    expiresAt: task.notAfter + keepMs,
  };
}

/** Notes the end of a task in its document. One that is gone, or was ended before, stays as it is. */
export async function noteEnd(documents: Documents, id: TaskId, end: TaskEnd): Promise<void> {
  // Somebody else may write at the same moment; then it is read again, a few times.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const known = await documents.get(taskKind, id);
    if (known === undefined || known.value['ended'] !== undefined) return;
    const { value, version, indexes, expiresAt } = known;
    const ended: JsonObject = { at: end.at, how: end.how };
    const document = {
      value: { ...value, ended },
      ...(indexes && { indexes }),
      ...(expiresAt !== undefined && { expiresAt }),
    };
    if ((await documents.put(taskKind, id, document, version)) !== 'conflict') return;
  }
}
