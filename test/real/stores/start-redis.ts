/** Redis or Valkey on loopback, which keeps nothing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, type Program, startOnPort } from '../program.ts';
import { command } from '../software.ts';

export interface Redis {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** A cluster whose first node can be stopped alone. */
export interface RedisCluster extends Redis {
  readonly stopFirst: () => Promise<void>;
}

/** What a server is started with. */
export interface RedisOptions {
  /** Default `redis-server`. */
  readonly program?: string;
  /** Settings as on its command line. */
  readonly settings?: readonly string[];
  /** Default: a free one. */
  readonly port?: number;
}

/** Starts one server, in a folder of its own, because a copy in a cluster writes what it takes over. */
export async function startRedis(options: RedisOptions = {}): Promise<Redis> {
  const { program = 'redis-server', settings = [], port = await freePort() } = options;
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-redis-'));
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  const keepNothing = ['--save', '', '--appendonly', 'no'];
  const server: Program = await startOnPort(port, program, [...own, ...keepNothing, ...settings]);
  const stop = async (): Promise<void> => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: `redis://127.0.0.1:${port}`, stop };
}

/** Starts a cluster of three nodes, each with so many copies. */
export async function startRedisCluster(program: string, copies: 0 | 1): Promise<RedisCluster> {
  const nodes: Redis[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
  };
  try {
    for (let n = 0; n < 3 * (1 + copies); n += 1) {
      const bus = ['--cluster-port', String(await freePort()), '--cluster-node-timeout', '1500'];
      nodes.push(await startRedis({ program, settings: ['--cluster-enabled', 'yes', ...bus] }));
    }
    const hosts = nodes.map(({ url }) => new URL(url).host);
    const create = ['--cluster', 'create', ...hosts, '--cluster-replicas', String(copies), '--cluster-yes'];
    await command('redis-cli', create, tmpdir());
    await untilAgreed(hosts);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: nodes[0]?.url ?? '', stop, stopFirst: async () => nodes[0]?.stop() };
}

/** `--cluster check` fails while the nodes still tell one another which slots are whose. */
async function untilAgreed(hosts: readonly string[]): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      for (const host of hosts) await command('redis-cli', ['--cluster', 'check', host], tmpdir());
      return;
    } catch (error) {
      if (attempt === 50) throw error;
      await sleep(100);
    }
  }
}
