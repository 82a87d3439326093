import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import process from 'node:process';
import type { StdioSettings } from '../settings.ts';

/** Variables that a server gets beside those configured for it; the gateway's own secrets are not among them. */
const inherited = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TERM', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR'],
  ...['SystemRoot', 'SystemDrive', 'TEMP', 'TMP', 'USERPROFILE', 'APPDATA', 'LOCALAPPDATA', 'PATHEXT'],
] as const;

/** How long the process has after its input ended, and then after SIGTERM. */
const politeMs = 400;
const termMs = 1_000;

/** Starts the process of a server, without a shell, as the leader of its own process group. */
export function startServer({ command, args, env, cwd }: StdioSettings): ChildProcessWithoutNullStreams {
  return spawn(command, args, { cwd, env: { ...safeEnvironment(), ...env }, detached: true, shell: false });
}

function safeEnvironment(): Record<string, string> {
  return Object.fromEntries(
    inherited.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/**
 * Ends a process and all that it started: its input ends first (2025-11-25 basic/lifecycle, "Shutdown"), then SIGTERM,
 * then SIGKILL.
 */
export async function stopServer(child: ChildProcessWithoutNullStreams): Promise<void> {
  const gone = exitOf(child);
  child.stdin.end();
  if (!(await settles(gone, politeMs))) {
    signalGroup(child, 'SIGTERM');
    await settles(gone, termMs);
  }
  signalGroup(child, 'SIGKILL');
  await settles(gone, politeMs);
  child.stdout.destroy();
  child.stderr.destroy();
}

function exitOf(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined)
    return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

async function settles(gone: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const settled = await Promise.race([gone.then(() => true), late]);
  clearTimeout(timer);
  return settled;
}

/** The group lives as long as any of its members, so children that outlived their parent are ended too. */
function signalGroup({ pid }: ChildProcessWithoutNullStreams, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left in the group.
  }
}
