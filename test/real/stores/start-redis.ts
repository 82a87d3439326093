/** Redis of this machine on loopback, which keeps nothing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, type Program, startOnPort } from '../program.ts';
import { command } from '../software.ts';

export interface Redis {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** `REDIS_SERVER` may name another server, such as `valkey-server`. */
const program = process.env['REDIS_SERVER'] ?? 'redis-server';

/** Starts a server on a free port, or on `port`. `extra` are settings as on its command line. */
export async function startRedis(extra: readonly string[] = [], port?: number): Promise<Redis> {
  const at = port ?? (await freePort());
  const settings = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', tmpdir()];
  const server: Program = await startOnPort(at, program, ['--port', String(at), ...settings, ...extra]);
  return { url: `redis://127.0.0.1:${at}`, stop: server.stop };
}

/** Starts a cluster of three nodes without copies. */
export async function startRedisCluster(): Promise<Redis> {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-redis-'));
  const nodes: Redis[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (const name of ['a', 'b', 'c']) {
      const bus = ['--cluster-port', String(await freePort())];
      const file = ['--cluster-config-file', join(folder, name)];
      nodes.push(await startRedis(['--cluster-enabled', 'yes', ...bus, ...file]));
    }
    const hosts = nodes.map(({ url }) => new URL(url).host);
    await command('redis-cli', ['--cluster', 'create', ...hosts, '--cluster-yes'], folder);
    await untilAgreed(hosts, folder);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: nodes[0]?.url ?? '', stop };
}

/** `--cluster check` fails while the nodes still tell one another which slots are whose. */
async function untilAgreed(hosts: readonly string[], folder: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      for (const host of hosts) await command('redis-cli', ['--cluster', 'check', host], folder);
      return;
    } catch (error) {
      if (attempt === 50) throw error;
      await sleep(100);
    }
  }
}
