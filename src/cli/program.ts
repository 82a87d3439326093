import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { addAccountCommands } from './account-commands.ts';
import type { AuditTailOptions } from './audit-tail.ts';
import type { ConfigPrintOptions } from './config.ts';
import type { DemoOptions } from './demo.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import type { TokenOptions } from './issue-token.ts';
import { endQuietlyOnClosedPipe } from './output.ts';
import { hasRuntimeFlags, relaunch } from './relaunch.ts';
import { reportError } from './report-error.ts';
import type { StatusOptions } from './status.ts';
import type { StdioOptions } from './stdio.ts';
import { addTaskCommands } from './task-commands.ts';
import type { UpOptions } from './up.ts';
import type { ValidateOptions } from './validate.ts';

type Outcome = ExitCode | number;

/** Runs one command line and gives its exit status. */
export async function run(args: readonly string[]): Promise<Outcome> {
  endQuietlyOnClosedPipe();
  let outcome: Outcome = exitCode.ok;
  const program = describeProgram((code) => {
    outcome = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return outcome;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
    return reportError(error, args.includes('--json'));
  }
}

function describeProgram(done: (code: Outcome) => void): Command {
  const program = new Command('bartizan')
    .description(
      'Zero Trust gateway for MCP servers: every call identified, authorized, guarded and recorded.',
    )
    .version(version(), '-V, --version')
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('(`bartizan --help` lists what there is)')
    .addHelpText('after', guide);
  addGatewayCommands(program, done);
  addTaskCommands(program, done);
  addAccountCommands(program, done);
  addInspectionCommands(program, done);
  for (const command of program.commands) command.copyInheritedSettings(program);
  return program;
}

const guide = `
Settings of bartizan.yaml (\`bartizan config print\` shows them all):
  listen              where clients reach the gateway
  servers             what to protect; mcpServers takes the block of a client
  resources           attributes of resources, for policies
  identity            who may call: the local owner, issuers of tokens
  authorizationServer tokens of the gateway's own, and who logs in
  agents              workloads and programs known without registration
  tasks               templates and bounds of ephemeral identities
  spiffe              the Workload API, foreign trust domains
  policy              what callers may do: Cedar files, time zone
  guard               what is looked for in content: hidden text, secrets
  audit               where decisions are recorded, and how strictly
  state               where keys and state are kept
  store               state that replicas share: SQLite, Redis, PostgreSQL
  vault               what encrypts the upstream accounts of users
  limits              bounds of size, time and number

Exit status: 0 fine, 1 findings, 2 wrong use or configuration, 3 could not run.
Documentation: docs/configuration.md, docs/identity.md, docs/cli.md.`;

function addGatewayCommands(program: Command, done: (code: Outcome) => void): void {
  program
    .command('up')
    .alias('serve')
    .description('start the gateway')
    .addOption(configOption())
    .option('--host <address>', 'address to listen on, in place of `listen.host`')
    .addOption(
      new Option('--port <number>', 'port, in place of `listen.port`; 0 takes any').argParser(portNumber),
    )
    .option('--json', 'one JSON object a line on standard output', false)
    .action(async (options: UpOptions) =>
      done(hasRuntimeFlags() ? await (await import('./up.ts')).runUp(options) : await relaunch()),
    );
  program
    .command('demo')
    .description('play an honest task that passes and an attack that is stopped, with real MCP traffic')
    .option('--json', 'one JSON object a line on standard output', false)
    .action(async (options: DemoOptions) =>
      done(hasRuntimeFlags() ? await (await import('./demo.ts')).runDemo(options) : await relaunch()),
    );
  program
    .command('stdio')
    .description('bridge a client that starts programs to the running gateway')
    .option('--server <id>', 'one server instead of all together')
    .option('--url <url>', 'endpoint; the gateway that runs on this machine unless given')
    .option('--token-file <path>', 'file that holds the access token; the token of that gateway unless given')
    .option('--state-directory <path>', 'where that gateway keeps its state, if not in ~/.bartizan')
    .option('--task [template]', 'run in a task of its own, which ends with the run')
    .option('--task-file <path>', 'run in a task that `bartizan task grant --out` wrote')
    .option('--agent <id>', 'with `--task`: the agent it is for, if not `local`')
    .action(async (options: StdioOptions) => done(await (await import('./stdio.ts')).runStdio(options)));
}

function addInspectionCommands(program: Command, done: (code: Outcome) => void): void {
  program
    .command('validate')
    .description('check the configuration and its policies; starts nothing')
    .addOption(configOption())
    .option('--json', 'one JSON object on standard output', false)
    .action(async (options: ValidateOptions) =>
      done(await (await import('./validate.ts')).runValidate(options)),
    );
  program
    .command('token')
    .description('issue an access token for the owner')
    .addOption(configOption())
    .option('--resource <url>', 'the endpoint the token is for; all servers unless given')
    .addOption(new Option('--minutes <number>', 'how long it is valid').argParser(wholeNumber))
    .option('--json', 'one JSON object on standard output', false)
    .action(async (options: TokenOptions) =>
      done(await (await import('./issue-token.ts')).runToken(options)),
    );
  program
    .command('status')
    .description('say whether the gateway runs, and where')
    .addOption(configOption())
    .option('--json', 'one JSON object on standard output', false)
    .action(async (options: StatusOptions) => done(await (await import('./status.ts')).runStatus(options)));
  addAuditCommands(program, done);
  addConfigCommands(program, done);
}

function addAuditCommands(program: Command, done: (code: Outcome) => void): void {
  program
    .command('audit')
    .description('read the audit log')
    .command('tail')
    .description('print the newest records')
    .addOption(configOption())
    .option('--directory <path>', 'directory of the log; that of the configuration unless given')
    .addOption(new Option('-n, --lines <number>', 'how many').argParser(wholeNumber).default(20))
    .option('-f, --follow', 'go on with records as they come', false)
    .option('--json', 'one JSON object a line', false)
    .action(async (options: AuditTailOptions) =>
      done(await (await import('./audit-tail.ts')).runAuditTail(options)),
    );
}

function addConfigCommands(program: Command, done: (code: Outcome) => void): void {
  const config = program.command('config').description('show the configuration');
  config
    .command('print')
    .description('print it with its defaults; references stay references, secrets are masked')
    .addOption(configOption())
    .option('--json', 'as JSON', false)
    .action(async (options: ConfigPrintOptions) =>
      done(await (await import('./config.ts')).runConfigPrint(options)),
    );
  config
    .command('schema')
    .description('print the JSON Schema of bartizan.yaml')
    .action(async () => done((await import('./config.ts')).runConfigSchema()));
}

function configOption(): Option {
  return new Option(
    '-c, --config <file>',
    "bartizan.yaml, or a client's own file such as ~/.cursor/mcp.json",
  );
}

function portNumber(text: string): number {
  const port = wholeNumber(text);
  if (port > 65_535) throw new InvalidArgumentError('A port is at most 65535.');
  return port;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { readonly version: string }).version;
}
