import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { median } from './stats.ts';
import { nginxPath } from './variants/nginx.ts';

/** The circumstances without which the numbers mean nothing. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory_gib: number;
  readonly kernel: string;
  readonly node: string;
  readonly nginx: boolean;
  /** CPUs of the proxies and of load and upstream; null when nothing is pinned. */
  readonly pinned: Placement | null;
  /** Load average of the last minute when the run began: far above 0 means that others used the machine. */
  readonly load_before: number;
  /** File system under the audit log, and what one fdatasync of 4 KB costs there. */
  readonly disk: string;
  readonly fdatasync_us: number;
}

export interface Placement {
  readonly proxy: string;
  readonly load: string;
}

export const describeMachine = (scratch: string, pinned: Placement | undefined): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memory_gib: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  node: process.version,
  nginx: nginxPath() !== undefined,
  pinned: pinned ?? null,
  load_before: loadavg()[0] ?? 0,
  disk: fileSystem(scratch),
  fdatasync_us: Math.round(fdatasyncMicros(scratch)),
});

/** One CPU for the proxy, another for load and upstream. Undefined where that cannot be had. */
export const choosePlacement = (taskset: boolean): Placement | undefined => {
  const [proxy, load] = allowedCpus();
  return taskset && proxy !== undefined && load !== undefined ? { proxy, load } : undefined;
};

/** The first two CPUs that this process may use; `0-3,8` in /proc. */
const allowedCpus = (): string[] => {
  let listed: string | undefined;
  try {
    listed = /^Cpus_allowed_list:\s+(\S+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
  } catch {
    return [];
  }
  return (listed ?? '').split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: Math.min(last - first + 1, 2) }, (_, index) => String(first + index));
  });
};

/** Magic numbers of statfs(2). On a tmpfs a sync costs nothing, and the numbers of the audit would flatter. */
const fileSystems = new Map([
  [0xef53, 'ext4'],
  [0x01021994, 'tmpfs'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x794c7630, 'overlay'],
  [0x2fc12fc1, 'zfs'],
]);

const fileSystem = (folder: string): string => {
  const { type } = statfsSync(folder);
  return fileSystems.get(type) ?? `0x${type.toString(16)}`;
};

const fdatasyncMicros = (folder: string): number => {
  const path = join(folder, 'fdatasync');
  const file = openSync(path, 'a');
  const block = Buffer.alloc(4096, 1);
  const times = Array.from({ length: 21 }, () => {
    writeSync(file, block);
    const before = performance.now();
    fdatasyncSync(file);
    return (performance.now() - before) * 1000;
  });
  closeSync(file);
  rmSync(path);
  return median(times);
};
