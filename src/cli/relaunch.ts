import { spawn } from 'node:child_process';

/**
 * The flags a gateway runs with: no code from strings, and V8's linear-time regular expressions where the usual ones
 * would backtrack without end.
 */
export const runtimeFlags: readonly string[] = [
  '--disallow-code-generation-from-strings',
  '--enable-experimental-regexp-engine-on-excessive-backtracks',
  '--disable-warning=ExperimentalWarning',
];

/** The last flag only silences; the others protect. */
const needed = runtimeFlags.slice(0, 2);

/** Whether this process was started with the flags that protect. */
export function hasRuntimeFlags(flags: readonly string[] = process.execArgv): boolean {
  return needed.every((flag) => flags.includes(flag));
}

/**
 * Starts this command again with the flags. Where the system can, the new program takes the place of this process, so
 * that signals, terminal and exit status are its own and this never returns; else it runs below, and the promise is
 * its exit status.
 */
export function relaunch(canReplace: boolean = process.platform !== 'win32'): Promise<number> {
  const kept = process.execArgv.filter((flag) => !runtimeFlags.includes(flag));
  const args = [...runtimeFlags, ...kept, ...process.argv.slice(1)];
  if (canReplace && process.execve !== undefined)
    return process.execve(process.execPath, [process.execPath, ...args], process.env);
  return runBelow(args);
}

function runBelow(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both; the child ends in its own time and this process waits for it.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => child.kill('SIGHUP'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 3));
  });
}
