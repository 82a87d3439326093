import { findRunning } from '../control/running.ts';
import { loadConfig } from './config-file.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { output } from './output.ts';

/** How `bartizan status` was asked for. */
export interface StatusOptions {
  readonly config?: string;
  readonly json: boolean;
}

/** Says whether a gateway runs with the state directory of the configuration, and where. */
export async function runStatus(options: StatusOptions): Promise<ExitCode> {
  const { settings } = await loadConfig(options.config);
  const running = await findRunning(settings.state.directory);
  if (options.json) output.data(JSON.stringify({ running: running !== undefined, ...running }));
  else if (running === undefined) output.say('no gateway is running here; start one with `bartizan up`');
  else output.data(`${running.url}/mcp (process ${running.pid}, since ${running.startedAt})`);
  return running === undefined ? exitCode.findings : exitCode.ok;
}
