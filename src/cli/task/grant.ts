import { openTask, type Task, type TaskOrder } from '../../task/index.ts';
import { shellPath } from '../client-entries.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { output } from '../output.ts';
import { typedCommand } from '../own-command.ts';
import { findTarget, type TargetOptions } from '../stdio/target.ts';
import { briefPermissionLines, budgetWords } from './describe-task.ts';
import { withMend } from './grant-mend.ts';
import { portableKey, writeTask } from './key-file.ts';
import { duration, instant } from './time-words.ts';
import { type Budget, permissionsOf } from './told-task.ts';

/** How `bartizan task grant` was asked for. */
export interface GrantOptions extends TargetOptions {
  readonly template?: string;
  readonly action?: readonly string[];
  readonly constraint?: readonly string[];
  readonly purpose?: string;
  readonly calls?: number;
  readonly bytes?: number;
  readonly seconds?: number;
  readonly agent: string;
  readonly out?: string;
  readonly json: boolean;
}

/** Opens a task for the holder of a token, and hands it on: to a file, or with `--json` to whoever reads the output. */
export async function runTaskGrant(options: GrantOptions): Promise<ExitCode> {
  const { url, token } = await findTarget(options);
  if (token === undefined)
    throw new Error('a task needs the token of its user; name it with `--token-file` or `BARTIZAN_TOKEN`');
  const key = await portableKey();
  const order = { ...orderOf(options), resource: url.href, subjectToken: token, key };
  const task = await openTask(order).catch((fault: unknown) => {
    throw withMend(fault, options.agent);
  });
  const granted = { resource: url.href, token: task.token, expiresAt: task.expiresAt, granted: task.granted };
  if (options.out !== undefined) await writeTask(options.out, granted, key).catch(endAfter(task.end));
  const expiresAt = new Date(task.expiresAt).toISOString();
  const handed = options.out === undefined ? { key: key.secret } : { file: options.out };
  if (options.json) output.data(JSON.stringify({ id: task.id, ...granted, expiresAt, ...handed }));
  else for (const line of summary(task, options.out)) output.say(line);
  return exitCode.ok;
}

function orderOf(options: GrantOptions): Omit<TaskOrder, 'resource' | 'subjectToken'> {
  const { agent, template, action, constraint = [], purpose, calls, bytes, seconds } = options;
  return {
    agent,
    ...(template !== undefined && { template }),
    ...(action !== undefined && { actions: action }),
    ...(constraint.length > 0 && { constraints: constraintsOf(constraint) }),
    ...(purpose !== undefined && { purpose }),
    ...(calls !== undefined && { calls }),
    ...(bytes !== undefined && { bytes }),
    ...(seconds !== undefined && { seconds }),
  };
}

/** `args.base=main`, repeated for further values. A value that reads as JSON is one; else it is a text. */
function constraintsOf(texts: readonly string[]): Readonly<Record<string, readonly unknown[]>> {
  const constraints: Record<string, unknown[]> = {};
  for (const text of texts) {
    const equals = text.indexOf('=');
    if (equals < 1)
      throw new Error(`the constraint \`${text}\` must be \`<place>=<value>\`, such as \`args.base=main\``);
    const place = text.slice(0, equals);
    constraints[place] = [...(constraints[place] ?? []), parsed(text.slice(equals + 1))];
  }
  return constraints;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A task that nobody can use is not left running. */
function endAfter(end: () => Promise<void>): (fault: unknown) => Promise<never> {
  return async (fault) => {
    await end().catch(() => undefined);
    throw fault;
  };
}

/** What a person wants to know of what was granted; `--json` tells the rest. */
function summary(task: Task, out: string | undefined): readonly string[] {
  const { expiresAt, granted } = task;
  const columns = process.stderr.columns ?? 80;
  const left = `${instant(expiresAt)}, for ${duration(expiresAt - Date.now())}`;
  const budget = budgetWords(budgetGranted(granted));
  return [
    `task      ${task.id}`,
    `until     ${left}`,
    ...(budget === '' ? [] : [`budget    ${budget}`]),
    ...briefPermissionLines(permissionsOf(granted), columns),
    ...(out === undefined ? [] : [`written   ${out}`]),
    '',
    advice(out),
  ];
}

/** Every entry holds the budget of the whole task. */
function budgetGranted([first]: Task['granted']): Budget {
  const { max_calls: calls, max_bytes: bytes } = first ?? {};
  return {
    calls: typeof calls === 'number' ? calls : undefined,
    bytes: typeof bytes === 'number' ? bytes : undefined,
  };
}

function advice(out: string | undefined): string {
  if (out === undefined)
    return output.style(
      'yellow',
      'its key is gone with this process; use `--out <file>` or `--json` to hand the task on',
    );
  return output.style('dim', `run a client in it: \`${typedCommand()} stdio --task-file ${shellPath(out)}\``);
}
