import { findRunning, type Running } from '../control/running.ts';
import type { Settings } from '../control/settings.ts';
import { loadConfig, stateDirectory } from './config-file.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { output } from './output.ts';

/** How `bartizan status` was asked for. */
export interface StatusOptions {
  readonly config?: string;
  readonly json: boolean;
}

/** Says whether a gateway runs with the state directory of the configuration, or else the usual one, where, and on what. */
export async function runStatus(options: StatusOptions): Promise<ExitCode> {
  const running = await findRunning(await stateDirectory(options.config));
  const parts = running && (await partsOf(running));
  if (options.json) output.data(JSON.stringify({ running: running !== undefined, ...running, ...parts }));
  else if (running === undefined) output.say('no gateway is running here; start one with `bartizan up`');
  else tell(running, parts);
  return running === undefined ? exitCode.findings : exitCode.ok;
}

function tell({ url, pid, startedAt }: Running, parts: Parts | undefined): void {
  output.data(`${url}/mcp (process ${pid}, since ${startedAt})`);
  for (const [name, value] of Object.entries(parts ?? {})) output.data(`  ${name.padEnd(9)} ${value}`);
}

/** What a gateway stands on, as its configuration says. */
interface Parts {
  readonly login: string;
  readonly issuers: string;
  readonly tasks: string;
  readonly workload: string;
  readonly stores: string;
  readonly vault: string;
}

/** Undefined where the configuration cannot be read any more: the gateway then goes on with the one it has. */
async function partsOf({ config }: Running): Promise<Parts | undefined> {
  const loaded = await loadConfig(config).catch(() => undefined);
  if (loaded === undefined) return undefined;
  const { authorizationServer, identity, tasks, agents, spiffe, listen, store, vault } = loaded.settings;
  const { enabled, login, provider } = authorizationServer;
  const templates = Object.keys(tasks.templates);
  return {
    login: enabled ? (login === 'provider' ? `at ${provider?.issuer ?? ''}` : 'of the owner, here') : 'off',
    issuers: identity.issuers.map(({ issuer }) => issuer).join(', ') || 'none beside the gateway',
    tasks: `${templates.join(', ') || 'one template for the owner'}; ${agents.length} agents configured`,
    workload: workloadWords(spiffe, listen),
    stores: `hot ${withoutPassword(store.hot)}, durable ${withoutPassword(store.durable)}`,
    vault: vault.kek,
  };
}

function workloadWords(spiffe: Settings['spiffe'], { tls }: Settings['listen']): string {
  if (spiffe === undefined && tls?.spiffe !== true) return 'none';
  const socket = spiffe?.socket ?? process.env['SPIFFE_ENDPOINT_SOCKET'] ?? 'SPIFFE_ENDPOINT_SOCKET';
  const domains = Object.keys(spiffe?.federates ?? {});
  return [socket, ...domains.map((domain) => `federates with ${domain}`)].join(', ');
}

/** Addresses of stores may hold a password. */
function withoutPassword(store: string): string {
  const url = URL.parse(store);
  return url === null || url.host === '' ? store : `${url.protocol}//${url.host}`;
}
