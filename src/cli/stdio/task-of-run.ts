import { openTask, type Task } from '../../task/index.ts';
import type { Target } from './target.ts';

/** Which task a run of the bridge gets. */
export interface RunTask {
  readonly task?: string | true;
  readonly agent?: string;
}

const endLimitMs = 800;

/**
 * Opens the task of one run of the bridge, so that a client that knows nothing of tasks has one all the same.
 * @throws Error that says what to do when there is no token, or the gateway does not grant the task
 */
export async function taskOfRun({ url, token }: Target, { task, agent = 'local' }: RunTask): Promise<Task> {
  if (token === undefined) {
    throw new Error('a task needs the token of its user; name it with `--token-file` or `BARTIZAN_TOKEN`');
  }
  return openTask({
    resource: url.href,
    subjectToken: token,
    agent,
    purpose: 'one run of a stdio client',
    ...(typeof task === 'string' && { template: task }),
  });
}

/** Ends the task with the run. If that fails, it ends by itself in minutes. */
export async function endTask(task: Task | undefined): Promise<void> {
  if (task === undefined) return;
  const late = new Promise<void>((resolve) => {
    setTimeout(resolve, endLimitMs).unref();
  });
  await Promise.race([task.end().catch(() => undefined), late]);
}
