import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { here, type ListenOrders, type Loaded, loadSettings } from '../control/load-settings.ts';
import { findRunning } from '../control/running.ts';

const usual = ['bartizan.yaml', 'bartizan.yml', 'bartizan.json'];

/** Reads the configuration that `--config` names, or else the one of the current directory. */
export function loadConfig(path: string | undefined, listen: ListenOrders = {}): Promise<Loaded> {
  return loadSettings(path ?? usualFile() ?? 'bartizan.yaml', here(), listen);
}

/** The same for commands about a gateway that runs: where no file is at hand, the one it was started with. */
export async function loadConfigOfRunning(path: string | undefined): Promise<Loaded> {
  const named = path ?? usualFile() ?? (await findRunning(usualState()))?.config;
  return loadConfig(named);
}

/** The state directory that the configuration names, or the usual one where there is no configuration. */
export async function stateDirectory(path: string | undefined): Promise<string> {
  const named = path ?? usualFile();
  return named === undefined ? usualState() : (await loadConfig(named)).settings.state.directory;
}

function usualFile(): string | undefined {
  return usual.find((name) => existsSync(name));
}

/** Where a gateway keeps its state when its configuration does not say. */
function usualState(): string {
  return process.env['BARTIZAN_HOME'] || join(homedir(), '.bartizan');
}
