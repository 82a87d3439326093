/** A `spire-agent`: serves the Workload API to the processes of this machine. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Running, startProgram } from './running.ts';
import type { SpireServer } from './server.ts';

export interface SpireAgent extends Running {
  /** Its own SPIFFE ID, the parent of entries. */
  readonly id: string;
  /** Where its Workload API is, `unix://…`. */
  readonly address: string;
  readonly socket: string;
  /** Starts it again after `stop`, with what it had kept. */
  readonly start: () => Promise<void>;
}

/** Starts one that joins by a token, in a folder of its own. */
export async function startSpireAgent(bin: string, folder: string, server: SpireServer): Promise<SpireAgent> {
  await mkdir(folder, { recursive: true });
  const socket = join(folder, 'agent.sock');
  const token = await server.joinToken();
  const bundle = join(folder, 'bundle.json');
  await writeFile(bundle, await server.bundle());
  const config = join(folder, 'agent.conf');
  await writeFile(config, JSON.stringify(configuration(folder, socket, bundle, token, server)));
  const program = join(bin, 'spire-agent');
  const begin = (): Promise<Running> => startProgram(program, ['run', '-config', config], socket);
  let running = await begin();
  return {
    id: `spiffe://${server.domain}/spire/agent/join_token/${token}`,
    address: `unix://${socket}`,
    socket,
    start: async () => {
      running = await begin();
    },
    stop: () => running.stop(),
  };
}

function configuration(
  folder: string,
  socket: string,
  bundle: string,
  token: string,
  { port, domain }: SpireServer,
): object {
  return {
    agent: {
      data_dir: folder,
      log_level: 'WARN',
      server_address: '127.0.0.1',
      server_port: port,
      socket_path: socket,
      trust_bundle_path: bundle,
      trust_bundle_format: 'spiffe',
      trust_domain: domain,
      join_token: token,
      experimental: { sync_interval: '1s' },
    },
    plugins: {
      NodeAttestor: { join_token: { plugin_data: {} } },
      KeyManager: { disk: { plugin_data: { directory: folder } } },
      WorkloadAttestor: { unix: { plugin_data: { discover_workload_path: true } } },
    },
  };
}
