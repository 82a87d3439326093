/** Redis or Valkey on loopback, which keeps nothing. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { command } from '../command.ts';
import { freePort, type Program, startOnPort } from '../program.ts';

const run = promisify(execFile);

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
    await untilAgreed(nodes.map(({ url }) => url));
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: nodes[0]?.url ?? '', stop, stopFirst: async () => nodes[0]?.stop() };
}

/** A node answers `CLUSTERDOWN` until it has heard whose every slot is. */
async function untilAgreed(urls: readonly string[]): Promise<void> {
  for (const url of urls) {
    const isUp = async (): Promise<boolean> => {
      const { stdout } = await run('redis-cli', ['-u', url, 'CLUSTER', 'INFO']);
      return stdout.includes('cluster_state:ok');
    };
    for (let attempt = 0; !(await isUp()); attempt += 1) {
      if (attempt === 100) throw new Error(`the cluster at ${url} did not come up`);
      await sleep(100);
    }
  }
}
