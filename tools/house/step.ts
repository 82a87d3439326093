import { spawn } from 'node:child_process';

/** A program run to its end. */
export type Ended = {
  /** The exit code, or `undefined` when a signal ended it. */
  readonly code: number | undefined;
  readonly timedOut: boolean;
  /** stdout and stderr together, as they came. */
  readonly output: string;
  readonly seconds: number;
};

/**
 * Runs a Node script with this very Node, no stdin, output kept, and never longer than `limitMs`.
 *
 * It runs in a process group of its own, so that what a test leaves behind dies with it.
 */
export function runNode(argv: readonly string[], cwd: string, limitMs: number): Promise<Ended> {
  const started = performance.now();
  const child = spawn(process.execPath, argv, {
    cwd,
    env: freshEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: grouped,
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  let timedOut = false;
  const clock = setTimeout(() => {
    timedOut = true;
    killGroup(child.pid);
  }, limitMs);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(clock);
      killGroup(child.pid);
      // An orphan that escaped its group may hold the pipes open; its output is not worth waiting for.
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, 1_000).unref();
      child.once('close', () =>
        resolve({
          code: code ?? undefined,
          timedOut,
          output: Buffer.concat(chunks).toString('utf8'),
          seconds: (performance.now() - started) / 1_000,
        }),
      );
    });
  });
}

/** Without the mark by which `node --test` tells a process that it is a test and must report to its parent. */
function freshEnvironment(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _, ...rest } = process.env;
  return rest;
}

/** Process groups are POSIX; Windows would open a console window per child instead. */
const grouped = process.platform !== 'win32';

function killGroup(pid: number | undefined): void {
  if (pid === undefined || !grouped) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing of the group is left, which is what was wanted.
  }
}
