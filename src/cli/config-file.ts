import { existsSync } from 'node:fs';
import { here, type ListenOrders, type Loaded, loadSettings } from '../control/load-settings.ts';

const usual = ['bartizan.yaml', 'bartizan.yml', 'bartizan.json'];

/** Reads the configuration that `--config` names, or else the one of the current directory. */
export function loadConfig(path: string | undefined, listen: ListenOrders = {}): Promise<Loaded> {
  return loadSettings(path ?? usual.find((name) => existsSync(name)) ?? 'bartizan.yaml', here(), listen);
}
