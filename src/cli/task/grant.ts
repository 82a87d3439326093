import { openTask, type TaskOrder } from '../../task/index.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { output } from '../output.ts';
import { findTarget, type TargetOptions } from '../stdio/target.ts';
import { portableKey, writeTask } from './key-file.ts';

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
  const task = await openTask({ ...orderOf(options), resource: url.href, subjectToken: token, key });
  const granted = { resource: url.href, token: task.token, expiresAt: task.expiresAt, granted: task.granted };
  if (options.out !== undefined) await writeTask(options.out, granted, key).catch(endAfter(task.end));
  const expires = new Date(task.expiresAt).toISOString();
  const { id } = task;
  if (options.json)
    output.data(JSON.stringify({ id, ...granted, expiresAt: expires, key: options.out ?? key.secret }));
  else for (const line of [id, ...advice(options, expires, task.granted)]) output.say(line);
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

function advice(
  { out }: GrantOptions,
  expires: string,
  granted: TaskOrder['actions'] | readonly object[],
): readonly string[] {
  const what = output.style('dim', JSON.stringify(granted));
  const end = output.style('dim', `valid until ${expires}`);
  if (out === undefined)
    return [
      what,
      end,
      output.style(
        'yellow',
        'the key is gone with this process; use `--out <file>` or `--json` to hand the task on',
      ),
    ];
  return [what, end, output.style('dim', `in ${out}; use it with \`bartizan stdio --task-file ${out}\``)];
}
