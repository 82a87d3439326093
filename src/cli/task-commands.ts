import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ExitCode } from './exit-code.ts';
import type { GrantOptions } from './task/grant.ts';
import type { ListOptions, TaskOptions } from './task/inspect.ts';

/** Adds `bartizan task` and `bartizan revoke`. */
export function addTaskCommands(program: Command, done: (code: ExitCode) => void): void {
  const task = program.command('task').description('open, list, show and end tasks');
  addGrant(task, done);
  reaching(
    task
      .command('list')
      .description('list the running tasks, the newest first')
      .option('--all', 'those that are over as well', false),
  ).action(async (options: ListOptions) =>
    done(await (await import('./task/inspect.ts')).runTaskList(options)),
  );
  reaching(task.command('show').description('show one task').argument('<id>')).action(
    async (id: string, options: TaskOptions) =>
      done(await (await import('./task/inspect.ts')).runTaskShow(id, options)),
  );
  reaching(
    task.command('end').description('end a task and everything delegated from it').argument('<id>'),
  ).action(async (id: string, options: TaskOptions) =>
    done(await (await import('./task/inspect.ts')).runTaskEnd(id, options)),
  );
  reaching(
    program
      .command('revoke')
      .description('end what was issued until now for a user, agent, device, task or token')
      .argument('<kind>', '`user`, `agent`, `device`, `task` or `token`')
      .argument('<id>', 'its id; a user is "<issuer> <subject>" in quotes'),
  ).action(async (kind: string, id: string, options: TaskOptions) =>
    done(await (await import('./task/inspect.ts')).runRevoke(kind, id, options)),
  );
}

function addGrant(task: Command, done: (code: ExitCode) => void): void {
  reaching(
    task
      .command('grant')
      .description('open a task for the holder of the token and hand it on')
      .option('--template <name>', 'one of `tasks.templates`; `default` if nothing is asked for')
      .option('--action <name...>', 'what it may do, such as `github:create_pr`')
      .option('--constraint <place=value...>', 'allowed values, such as `args.base=main`')
      .option('--purpose <text>', 'what it is for')
      .addOption(new Option('--calls <number>', 'how many calls').argParser(positive))
      .addOption(new Option('--bytes <number>', 'how many bytes').argParser(positive))
      .addOption(new Option('--seconds <number>', 'how long it lives').argParser(positive))
      .option('--agent <id>', 'the agent it is for', 'local')
      .option('--server <id>', 'one server instead of all together')
      .option('--out <file>', 'where token and key are written (mode 0600)'),
  ).action(async (options: GrantOptions) =>
    done(await (await import('./task/grant.ts')).runTaskGrant(options)),
  );
}

function reaching(command: Command): Command {
  return command
    .option('--url <url>', 'endpoint; the gateway that runs on this machine unless given')
    .option('--token-file <path>', 'file that holds the access token; that of the owner unless given')
    .option('--state-directory <path>', 'where that gateway keeps its state, if not in ~/.bartizan')
    .option('--json', 'one JSON object on standard output', false);
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,11}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above zero.');
  return Number(text);
}
