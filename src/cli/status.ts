import { findRunning } from '../control/running.ts';
import { stateDirectory } from './config-file.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { output } from './output.ts';

/** How `bartizan status` was asked for. */
export interface StatusOptions {
  readonly config?: string;
  readonly json: boolean;
}

/** Says whether a gateway runs with the state directory of the configuration, or else the usual one, and where. */
export async function runStatus(options: StatusOptions): Promise<ExitCode> {
  const running = await findRunning(await stateDirectory(options.config));
  if (options.json) output.data(JSON.stringify({ running: running !== undefined, ...running }));
  else if (running === undefined) output.say('no gateway is running here; start one with `bartizan up`');
  else output.data(`${running.url}/mcp (process ${running.pid}, since ${running.startedAt})`);
  return running === undefined ? exitCode.findings : exitCode.ok;
}
