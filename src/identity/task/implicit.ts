import { hash } from 'node:crypto';
import { after } from '../../model/eventual.ts';
import { Refusal } from '../../model/refusal.ts';
import type { Subject } from '../../model/subject.ts';
import type { Task, TaskId } from '../../model/task.ts';
import type { Clock, Credentials, Identity } from '../../pipeline/ports.ts';
import { budgetOf, permissionOf, type TaskTemplate } from './template.ts';

/**
 * Gives every subject whose token names no task an implicit one after a template. Replicas make the same task of the
 * same token. One subject stays one object for one token.
 */
export function withImplicitTasks(
  identity: Identity,
  template: TaskTemplate,
  clock: Pick<Clock, 'now'>,
): Identity {
  const known = new WeakMap<Subject, Subject>();
  const confined = (subject: Subject, credentials: Credentials): Subject => {
    const before = known.get(subject);
    if (before !== undefined) return before;
    const issuedAt = subject.issuedAt > 0 ? subject.issuedAt : clock.now();
    const task = implicitTask({ ...subject, issuedAt }, template, tokenText(credentials));
    const made = { ...subject, task };
    known.set(subject, made);
    return made;
  };
  return {
    identify: (credentials) =>
      after(identity.identify(credentials), (found) =>
        found instanceof Refusal || found.task !== undefined ? found : confined(found, credentials),
      ),
  };
}

/** The implicit task of a token: one that has no `jti` is known by its own text. */
function implicitTask(subject: Subject, template: TaskTemplate, token: string): Task {
  const { user, agent, tokenId, issuedAt, expiresAt } = subject;
  const name = [user.issuer, user.subject, agent.id, tokenId ?? hash('sha256', token), expiresAt];
  const { purpose, seconds } = template;
  return {
    id: `implicit-${hash('sha256', JSON.stringify(name), 'base64url')}` as TaskId,
    ancestors: [],
    ...(purpose !== undefined && { purpose }),
    permissions: [permissionOf(template)],
    budget: budgetOf(template),
    notAfter: seconds === undefined ? expiresAt : Math.min(expiresAt, issuedAt + seconds * 1000),
    implicit: true,
  };
}

/** INVARIANT: however a header is spelled, one token has one task. */
function tokenText({ authorization = '' }: Credentials): string {
  return authorization.slice(authorization.lastIndexOf(' ') + 1);
}
