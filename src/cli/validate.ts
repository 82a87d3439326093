import { ConfigError, formatProblem } from '../control/config-error.ts';
import { loadConfig } from './config-file.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { loadGateway } from './load-gateway.ts';
import { missingCommands } from './missing-commands.ts';
import { output } from './output.ts';

/** How `bartizan validate` was asked for. */
export interface ValidateOptions {
  readonly config?: string;
  readonly json: boolean;
}

/** Checks a configuration with its policies; starts and contacts nothing. */
export async function runValidate(options: ValidateOptions): Promise<ExitCode> {
  const { problems, warnings, summary } = await examine(options.config);
  const ok = problems.length === 0;
  if (options.json) output.data(JSON.stringify({ ok, problems, warnings }));
  for (const problem of problems) output.say(`${output.style('red', 'error')} ${problem}`);
  for (const warning of warnings) output.say(`${output.style('yellow', 'warning')} ${warning}`);
  if (ok) output.say(`${output.style('green', 'ok')} ${summary}`);
  return ok ? exitCode.ok : exitCode.usage;
}

interface Examined {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly summary: string;
}

async function examine(config: string | undefined): Promise<Examined> {
  try {
    const { settings, warnings, paths } = await loadConfig(config);
    const problems = await (await loadGateway()).checkSettings(settings);
    const policies = settings.policy.embedded
      ? 'the embedded policy'
      : count(settings.policy.sources.length, 'policy file');
    const summary = `${paths[0] ?? ''}: ${count(settings.servers.length, 'server')}, ${policies}`;
    return { problems, warnings: [...warnings.map(formatProblem), ...missingCommands(settings)], summary };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { problems: error.problems.map(formatProblem), warnings: [], summary: '' };
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
