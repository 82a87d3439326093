import { type ExitCode, exitCode } from '../exit-code.ts';
import { output } from '../output.ts';
import type { TargetOptions } from '../stdio/target.ts';
import { askTasks, type ToldTask } from './tasks-api.ts';

/** How tasks are asked about. */
export interface TaskOptions extends TargetOptions {
  readonly json: boolean;
}

/** `bartizan task list`: the tasks that the holder of the token may see. */
export async function runTaskList(options: TaskOptions): Promise<ExitCode> {
  const { tasks } = (await askTasks(options, 'GET', '/tasks')) as { readonly tasks: readonly ToldTask[] };
  if (options.json) output.data(JSON.stringify(tasks));
  else if (tasks.length === 0) output.say('no task is running');
  else for (const task of tasks) output.data(lineOf(task));
  return exitCode.ok;
}

/** `bartizan task show <id>`. */
export async function runTaskShow(id: string, options: TaskOptions): Promise<ExitCode> {
  const task = await askTasks(options, 'GET', `/tasks/${encodeURIComponent(id)}`);
  output.data(JSON.stringify(task, null, options.json ? 0 : 2));
  return exitCode.ok;
}

/** `bartizan task end <id>`: ends it with everything delegated from it. */
export async function runTaskEnd(id: string, options: TaskOptions): Promise<ExitCode> {
  const told = await askTasks(options, 'DELETE', `/tasks/${encodeURIComponent(id)}`);
  if (options.json) output.data(JSON.stringify(told ?? { ended: [id] }));
  else output.say(`${id} has ended`);
  return exitCode.ok;
}

/** `bartizan revoke <kind> <id>`: whatever was issued until now for a user, agent, device, task or token no longer counts. */
export async function runRevoke(kind: string, id: string, options: TaskOptions): Promise<ExitCode> {
  const told = await askTasks(options, 'POST', '/revocations', { kind, id });
  if (options.json) output.data(JSON.stringify(told ?? { kind, id }));
  else output.say(`what was issued for the ${kind} ${id} until now no longer counts`);
  return exitCode.ok;
}

function lineOf({ id, user, agent, purpose = '', state, notAfter }: ToldTask): string {
  return [id, state.padEnd(8), notAfter, user, agent, purpose].join('  ').trimEnd();
}
