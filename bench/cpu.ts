import { readdirSync, readFileSync } from 'node:fs';

/**
 * Time that all threads of a process and of its descendants have spent on a CPU, in microseconds
 * (`/proc/PID/task/TID/schedstat`, whose first field counts nanoseconds). Undefined where the system does not tell.
 * Exact while the process sleeps, so read it before and after a load, not during one.
 */
export const readCpuMicros = (pid: number): number | undefined => {
  const nanoseconds = processTree(pid).flatMap(threadNanoseconds);
  const total = nanoseconds.reduce((sum, value) => sum + value, 0);
  return total > 0 ? total / 1000 : undefined;
};

/** Resident memory of a process and its descendants in KiB; undefined where the system does not tell. */
export const readResidentKib = (pid: number): number | undefined => {
  const sizes = processTree(pid).map((each) => {
    const size = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${each}/status`))?.[1];
    return Number(size ?? 0);
  });
  const total = sizes.reduce((sum, value) => sum + value, 0);
  return total > 0 ? total : undefined;
};

/** A proxy that hands its work to workers must not look cheap: their time counts too. */
const processTree = (pid: number): number[] => {
  const children = threads(pid).flatMap((thread) => {
    const listed = read(`/proc/${pid}/task/${thread}/children`).trim();
    return listed === '' ? [] : listed.split(' ').map(Number);
  });
  return [pid, ...children.flatMap(processTree)];
};

const threadNanoseconds = (pid: number): number[] =>
  threads(pid).map((thread) => Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]));

const threads = (pid: number): string[] => {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
};

/** A thread or process that just ended reads as nothing. */
const read = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
};
