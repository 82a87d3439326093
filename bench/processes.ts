import { type ChildProcess, spawn } from 'node:child_process';
import { readCpuMicros } from './cpu.ts';
import type { Absent, Ask, Listening, Question, Questions, Reply } from './protocol.ts';

/** A process that the benchmark started and will end. */
export interface Started {
  readonly pid: number;
  readonly ask: <Name extends Question>(
    question: Name,
    argument: Questions[Name]['argument'],
  ) => Promise<Questions[Name]['answer']>;
  readonly stop: () => Promise<void>;
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** The CPU to run on, as `taskset -c` takes it; undefined leaves it free. */
  readonly cpu: string | undefined;
  /** Whether it is a node process of this folder, which answers questions. */
  readonly answers: boolean;
}

const startMs = 15_000;
const answerMs = 60_000;
const running = new Set<ChildProcess>();

/** No process outlives the run, however it ends. Call once, in the entry. */
export const endChildrenOnExit = (): void => {
  const endAll = (): void => {
    for (const child of running) child.kill('SIGKILL');
  };
  process.on('exit', endAll);
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.on(signal, () => process.exit(status));
  }
};

/** A node program of this folder. `collect` needs the garbage collector within reach. */
export const nodeLaunch = (
  file: string,
  args: readonly string[],
  cpu: string | undefined,
  flags: readonly string[] = [],
): Launch => ({
  command: process.execPath,
  args: ['--expose-gc', ...flags, new URL(file, import.meta.url).pathname, ...args],
  cpu,
  answers: true,
});

export const start = (launch: Launch): { readonly child: ChildProcess; readonly started: Started } => {
  const { command, args, cpu } = launch;
  const child =
    cpu === undefined
      ? spawn(command, args, { stdio: stdioOf(launch) })
      : spawn('taskset', ['-c', cpu, command, ...args], { stdio: stdioOf(launch) });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const complaints = keepTail(child);
  return { child, started: { pid: child.pid ?? 0, ask: asker(child, complaints), stop: () => stop(child) } };
};

const stdioOf = ({ answers }: Launch): ('ignore' | 'pipe' | 'ipc')[] =>
  answers ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'];

/** Starts a process that announces itself with one line of JSON (`Listening` or `Absent`). */
export const startAnnounced = async (
  launch: Launch,
): Promise<{ started: Started; line: Listening | Absent }> => {
  const { child, started } = start(launch);
  try {
    const line = JSON.parse(await firstLine(child, launch)) as Listening | Absent;
    if ('absent' in line) await started.stop();
    return { started, line };
  } catch (error) {
    await started.stop();
    throw error;
  }
};

const firstLine = (child: ChildProcess, launch: Launch): Promise<string> =>
  new Promise((resolve, reject) => {
    const complaints = keepTail(child);
    const name = launch.args.join(' ');
    const timer = setTimeout(
      () => reject(new Error(`${name} does not listen after ${startMs} ms${complaints()}`)),
      startMs,
    );
    let seen = '';
    child.stdout?.on('data', (piece) => {
      seen += String(piece);
      if (!seen.includes('\n')) return;
      clearTimeout(timer);
      resolve(seen.slice(0, seen.indexOf('\n')));
    });
    child.once('error', (error) => reject(new Error(`${name} cannot start: ${error.message}`)));
    child.once('close', (code) => {
      clearTimeout(timer);
      reject(new Error(`${name} ended with ${code} before it listened${complaints()}`));
    });
  });

/** The end of what the process wrote on stderr, for error messages. */
const keepTail = (child: ChildProcess): (() => string) => {
  let tail = '';
  child.stderr?.on('data', (piece) => {
    tail = (tail + String(piece)).slice(-2000);
  });
  return () => (tail === '' ? '' : `; it said:\n${tail}`);
};

const asker = (child: ChildProcess, complaints: () => string): Started['ask'] => {
  const waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>();
  let sequence = 0;
  child.on('message', (reply: Reply) => {
    const asked = waiting.get(reply.sequence);
    waiting.delete(reply.sequence);
    if ('failure' in reply) asked?.reject(new Error(reply.failure));
    else asked?.resolve(reply.answer as never);
  });
  child.once('exit', (code, signal) => {
    const error = new Error(`process ${child.pid} ended early (${signal ?? code})${complaints()}`);
    for (const { reject } of waiting.values()) reject(error);
  });
  return (question, argument) =>
    new Promise((resolve, reject) => {
      sequence++;
      const ask: Ask = { sequence, question, argument };
      waiting.set(sequence, { resolve, reject });
      const timer = setTimeout(
        () => reject(new Error(`no answer to \`${question}\` in ${answerMs} ms`)),
        answerMs,
      );
      timer.unref();
      child.send(ask, (error) => {
        if (error !== null) reject(new Error(`cannot ask \`${question}\`: ${error.message}${complaints()}`));
      });
    });
};

const stop = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });

/** CPU time so far, from /proc or else from the process itself. */
export const cpuMicrosOf = async ({ pid, ask }: Started): Promise<number> =>
  readCpuMicros(pid) ?? (await ask('cpu', null));
