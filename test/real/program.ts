/** Programs that listen on a port of loopback and say so in words of their own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Program {
  readonly stop: () => Promise<void>;
}

const startLimitMs = 30_000;
const stopLimitMs = 5_000;

/**
 * Starts a program and waits until the port answers.
 * @throws Error with the end of its output when it ends, or does not listen in time
 */
export async function startOnPort(port: number, command: string, args: readonly string[]): Promise<Program> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const note = (chunk: Buffer | Error): void => {
    said = (said + String(chunk)).slice(-4_000);
  };
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.once('error', note);
  let running = true;
  child.once('close', () => {
    running = false;
  });
  const stop = async (): Promise<void> => {
    if (running) child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
    await exited;
    clearTimeout(killer);
  };
  const deadline = Date.now() + startLimitMs;
  while (running && Date.now() < deadline) {
    if (await answers(port)) return { stop };
    await sleep(50);
  }
  await stop();
  throw new Error(`\`${command}\` does not listen on ${port}: ${said}`);
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
