import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  type BenchConfig,
  type BenchGateway,
  ownerToken,
  readLog,
  recordsIn,
  writeConfig,
} from './gateway.ts';
import type { Ending } from './scripted-upstream.ts';

/** A gateway in a process of its own. */
export interface SpawnedGateway extends Omit<BenchGateway, 'reload'> {
  /** Resident memory of the process in bytes; undefined where the system does not tell. */
  readonly memory: () => Promise<number | undefined>;
}

const script = fileURLToPath(new URL('gateway-process.ts', import.meta.url));

/** Starts a gateway as a process and ends it afterwards. */
export async function spawnedGateway(t: Ending, config: BenchConfig): Promise<SpawnedGateway> {
  const directory = await mkdtemp(join(tmpdir(), 'bartizan-spawned-'));
  const child = spawn(process.execPath, [script, await writeConfig(directory, config)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.stdin.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
    await exited;
    clearTimeout(timer);
  };
  t.after(async () => {
    await stop();
    await rm(directory, { recursive: true, force: true });
  });
  const url = await Promise.race([listeningAt(child.stdout), exited.then(() => undefined)]);
  if (url === undefined) throw new Error('the gateway ended before it listened');
  const log = (): Promise<string> => readLog(join(directory, 'audit'));
  return {
    url,
    port: Number(new URL(url).port),
    directory,
    token: (order) => ownerToken(directory, url, order),
    log,
    records: async () => recordsIn(await log()),
    memory: () => memoryOf(child.pid ?? 0),
    stop,
  };
}

async function listeningAt(stdout: NodeJS.ReadableStream): Promise<string> {
  const [line] = (await once(createInterface({ input: stdout }), 'line')) as [string];
  return line.replace('listening ', '');
}

async function memoryOf(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}
