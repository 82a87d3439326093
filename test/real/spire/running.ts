/** Programs of SPIRE that run in the background. They stay in the process group of the test, which ends with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Running {
  /** Ends it and waits until it is gone. */
  readonly stop: () => Promise<void>;
}

const startLimitMs = 30_000;
const stopLimitMs = 5_000;

/** What must not outlive this process, however it ends. */
const alive = new Set<ChildProcess>();
let isGuarded = false;

/**
 * Starts a program and waits until it takes connections at a socket.
 * @throws Error with the end of its log when it ends, or does not come in time
 */
export async function startProgram(
  program: string,
  args: readonly string[],
  socket: string,
): Promise<Running> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  guard(child);
  let said = '';
  const note = (chunk: Buffer | Error): void => {
    said = (said + String(chunk)).slice(-4_000);
  };
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  child.once('error', note);
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const isRunning = (): boolean => alive.has(child);
  const stop = async (): Promise<void> => {
    if (isRunning()) child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
    await exited;
    clearTimeout(killer);
  };
  const deadline = Date.now() + startLimitMs;
  while (isRunning() && Date.now() < deadline) {
    if (await answers(socket)) return { stop };
    await sleep(50);
  }
  await stop();
  throw new Error(`\`${program}\` does not listen at ${socket}: ${said}`);
}

function guard(child: ChildProcess): void {
  if (!isGuarded) {
    process.once('exit', () => {
      for (const one of alive) one.kill('SIGKILL');
    });
  }
  isGuarded = true;
  alive.add(child);
  child.once('close', () => alive.delete(child));
}

async function answers(socket: string): Promise<boolean> {
  const probe = connect(socket);
  try {
    await once(probe, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    probe.destroy();
  }
}

/** Waits until something holds; fails, with what it was, when it does not come. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs: number = 20_000,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${limitMs / 1_000} s in vain until ${what}`);
    await sleep(25);
  }
}
