import { findRunning } from '../control/running.ts';
import { loadConfigOfRunning } from './config-file.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { loadGateway } from './load-gateway.ts';
import { output } from './output.ts';

/** How `bartizan token` was asked for. */
export interface TokenOptions {
  readonly config?: string;
  readonly resource?: string;
  readonly minutes?: number;
  readonly json: boolean;
}

/** Issues a token for the owner. The gateway need not run: whoever can read the state directory is the owner. */
export async function runToken(options: TokenOptions): Promise<ExitCode> {
  const { settings } = await loadConfigOfRunning(options.config);
  const { issueOwnerToken } = await loadGateway();
  const wanted = options.resource ?? (await findRunning(settings.state.directory))?.url;
  const { value, resource, expiresAt } = await issueOwnerToken(settings, {
    ...(wanted === undefined ? {} : { resource: wanted }),
    ...(options.minutes === undefined ? {} : { minutes: options.minutes }),
  });
  const expires = new Date(expiresAt).toISOString();
  output.data(options.json ? JSON.stringify({ token: value, resource, expiresAt: expires }) : value);
  if (!options.json) output.say(output.style('dim', `for ${resource}, valid until ${expires}`));
  return exitCode.ok;
}
