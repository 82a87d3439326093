/** A child process of ours that says on standard output when it is ready. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Child {
  /** Ends the process and waits until it is gone. */
  readonly stop: () => Promise<void>;
}

/** How long a process may take to say that it is ready. */
const startLimitMs = 20_000;
/** How long it may take to end before it is killed. */
const stopLimitMs = 3_000;

/**
 * Starts `node ARGS` and waits for the first line that `ready` understands.
 * @throws Error when the process ends, or the time is over, before such a line
 */
export async function startNode<Ready>(
  args: readonly string[],
  ready: (line: string) => Ready | undefined,
): Promise<Child & { readonly ready: Ready }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');

  async function stop(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
    await exited;
    clearTimeout(killer);
  }

  const limit = setTimeout(() => child.kill('SIGKILL'), startLimitMs);
  const lines = createInterface({ input: child.stdout });
  try {
    // The listener stays: a pipe that nobody reads would stop a process that goes on talking.
    return await new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        try {
          const value = ready(line);
          if (value !== undefined) resolve({ ready: value, stop });
        } catch (error) {
          reject(new Error(`cannot read \`${line}\``, { cause: error }));
        }
      });
      exited.then(() => reject(new Error(`\`node ${args.join(' ')}\` ended before it was ready`)), reject);
    });
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(limit);
  }
}
