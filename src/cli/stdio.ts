import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ExitCode, exitCode } from './exit-code.ts';
import { type Bridge, createBridge } from './stdio/bridge.ts';
import { connect } from './stdio/connection.ts';
import { lineSink } from './stdio/line-sink.ts';
import { linesOf } from './stdio/lines.ts';
import { findTarget, type Target, type TargetOptions } from './stdio/target.ts';
import { endTask, taskOfRun } from './stdio/task-of-run.ts';
import { readTask } from './task/key-file.ts';

/** What `bartizan stdio` is told. */
export interface StdioOptions extends TargetOptions {
  /** Runs in a task of its own, after this template; `true` for the one named `default`. */
  readonly task?: string | true;
  /** Runs in the task of this file. */
  readonly taskFile?: string;
  /** The agent that the task is for. Default: `local`. */
  readonly agent?: string;
  /** Where the client writes. Default: standard input. */
  readonly input?: Readable;
  /** Where the client reads. Default: standard output, on which nothing but MCP is written. */
  readonly output?: Writable;
}

/** What a client may write in one line. The gateway's own limit is lower. */
const longestLine = 64 * 1024 * 1024;
/** Lines taken from the client that wait for their turn. */
const mostWaiting = 256;
/** Clients kill a server that goes on for two seconds after its input ended; the session must be over by then. */
const graceMs = 1_000;

/**
 * Joins a client that starts MCP servers as processes to the running gateway: newline-delimited JSON-RPC on one side,
 * Streamable HTTP on the other (basic/transports, "stdio"). Resolves when the client ends its input or a signal ends
 * the process.
 * @throws Error that says what to do, when no gateway is found
 */
export async function runStdio(options: StdioOptions = {}): Promise<ExitCode> {
  const { input = process.stdin, output = process.stdout } = options;
  const given = options.taskFile === undefined ? undefined : await readTask(options.taskFile);
  const reached = await findTarget(given === undefined ? options : { ...options, url: given.resource });
  if (isExposed(reached.url))
    report(`the token travels unencrypted to ${reached.url.origin}; use an https URL`);
  const run = given?.task ?? (options.task === undefined ? undefined : await taskOfRun(reached, options));
  const target = run === undefined ? reached : { ...reached, task: run.authorization };
  // A task is bound to its gateway: where another one runs now, this run is over.
  const find = async (): Promise<Target> => (run === undefined ? findTarget(options) : target);
  const bridge = createBridge({ connection: connect(target, find), write: lineSink(output), report });
  const leave = endOnSignals(input, output, bridge);
  try {
    await carry(input, bridge);
  } catch (error) {
    if (!leave.signal.aborted) throw error;
  } finally {
    leave.dispose();
    await bridge.close();
    await endTask(run);
    input.destroy();
  }
  return exitCode.ok;
}

/** Lines take their turn, but the end of the input is seen at once, whatever is still running. */
async function carry(input: Readable, bridge: Bridge): Promise<void> {
  let waiting = 0;
  let turn = Promise.resolve();
  for await (const line of linesOf(input, longestLine)) {
    waiting += 1;
    turn = turn.then(() => bridge.take(line)).finally(() => (waiting -= 1));
    turn.catch(() => undefined);
    if (waiting >= mostWaiting) await turn;
  }
  await Promise.race([turn.then(bridge.idle), sleep(graceMs, undefined, { ref: false })]);
}

interface Leave {
  readonly signal: AbortSignal;
  readonly dispose: () => void;
}

/** Ends when the process is told to, and when the client no longer reads. */
function endOnSignals(input: Readable, output: Writable, bridge: Bridge): Leave {
  const controller = new AbortController();
  const end = (): void => {
    controller.abort();
    bridge.abort();
    input.destroy();
  };
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, end);
  output.on('error', end);
  return {
    signal: controller.signal,
    dispose: () => {
      for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.off(name, end);
    },
  };
}

function isExposed(url: URL): boolean {
  return url.protocol === 'http:' && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
}

/** Diagnostics go where clients keep the log of a server. */
function report(sentence: string): void {
  process.stderr.write(`bartizan stdio: ${sentence}\n`);
}
