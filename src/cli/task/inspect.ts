import { arrayMember, isJsonObject, type JsonObject } from '../../model/json.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { output } from '../output.ts';
import type { TargetOptions } from '../stdio/target.ts';
import { taskEntry, taskPage } from './describe-task.ts';
import { askTasks } from './tasks-api.ts';
import { toldTask } from './told-task.ts';

/** How tasks are asked about. */
export interface TaskOptions extends TargetOptions {
  readonly json: boolean;
}

/** How tasks are listed. */
export interface ListOptions extends TaskOptions {
  readonly all: boolean;
}

/** `bartizan task list`: the tasks that the holder of the token may see, the newest first. */
export async function runTaskList(options: ListOptions): Promise<ExitCode> {
  const query = options.all ? '' : '&state=living';
  const told = await askTasks(options, 'GET', `/tasks?limit=200${query}`);
  const tasks = (arrayMember(told, 'tasks') ?? []).filter((task) => isJsonObject(task));
  if (options.json) output.data(JSON.stringify(tasks));
  else if (tasks.length === 0) output.say(options.all ? 'there is no task' : 'no task is running');
  else for (const line of tasks.flatMap((task) => entryOf(task))) output.data(line);
  if (told['more'] === true) output.say(output.style('dim', 'there are more tasks than these'));
  return exitCode.ok;
}

function entryOf(task: JsonObject): readonly string[] {
  return taskEntry(toldTask(task), Date.now(), process.stdout.columns);
}

/** `bartizan task show <id>`. */
export async function runTaskShow(id: string, options: TaskOptions): Promise<ExitCode> {
  const task = await askTasks(options, 'GET', `/tasks/${encodeURIComponent(id)}`);
  if (options.json) output.data(JSON.stringify(task));
  else for (const line of taskPage(toldTask(task), Date.now(), process.stdout.columns)) output.data(line);
  return exitCode.ok;
}

/** `bartizan task end <id>`: ends it with everything delegated from it. */
export async function runTaskEnd(id: string, options: TaskOptions): Promise<ExitCode> {
  const told = await askTasks(options, 'DELETE', `/tasks/${encodeURIComponent(id)}`);
  const ended = arrayMember(told, 'ended') ?? [];
  if (options.json) output.data(JSON.stringify(told));
  else if (ended.length === 0) output.say(`${id} was over already`);
  else output.say(`ended ${ended.join(', ')}`);
  return exitCode.ok;
}

/** `bartizan revoke <kind> <id>`: whatever was issued until now for a user, agent, device, task or token no longer counts. */
export async function runRevoke(kind: string, id: string, options: TaskOptions): Promise<ExitCode> {
  const told = await askTasks(options, 'POST', '/revocations', { kind, id });
  if (options.json) output.data(JSON.stringify(told));
  else output.say(`what was issued for the ${kind} \`${id}\` until now no longer counts`);
  return exitCode.ok;
}
