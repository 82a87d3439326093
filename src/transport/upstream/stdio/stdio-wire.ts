import { Buffer } from 'node:buffer';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { faultMessage } from '../../../model/fault-message.ts';
import type { JsonDocument } from '../../../model/json.ts';
import { type Refusal, refuse } from '../../../model/refusal.ts';
import type { ServerContext, StdioSettings } from '../settings.ts';
import { takeText } from '../take-text.ts';
import type { OpenWire, Receiver, Wire } from '../wire.ts';
import { lineReader } from './line-reader.ts';
import { startServer, stopServer } from './server-process.ts';

/** A process whose standard input and output carry one message a line (basic/transports/stdio). */
export function stdioWire(context: ServerContext<StdioSettings>, onStartFailed?: () => void): OpenWire {
  return (receiver) => new StdioWire(context, receiver, onStartFailed);
}

const loggedPerSecond = 20;
const newline = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;

class StdioWire implements Wire {
  readonly #context: ServerContext<StdioSettings>;
  readonly #receiver: Receiver;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: Buffer[] = [];
  #delivering = false;
  #over = false;

  constructor(context: ServerContext<StdioSettings>, receiver: Receiver, onStartFailed?: () => void) {
    this.#context = context;
    this.#receiver = receiver;
    this.#child = startServer(context.settings);
    this.#child.once('error', (fault) => {
      onStartFailed?.();
      this.#lose(`the server could not be started: ${fault.message}`);
    });
    this.#child.once('exit', (code, signal) =>
      this.#lose(`the server ended with ${signal ?? `code ${code}`}`),
    );
    this.#child.stdin.on('error', () => undefined);
    this.#readOutput();
    this.#readErrors();
  }

  /** Resolves when the process has taken the message, so that nothing piles up behind a server that does not read. */
  readonly send = (document: JsonDocument): Promise<Refusal | undefined> => {
    const { stdin } = this.#child;
    if (this.#over || !stdin.writable)
      return Promise.resolve(refuse('upstream_failed', 'the server has ended'));
    if (stdin.writableLength > this.#context.limits.resultBytes) {
      return Promise.resolve(refuse('overloaded', 'the server does not read its input'));
    }
    return new Promise((resolve) => {
      stdin.write(asLine(document.bytes), (fault) =>
        resolve(fault ? refuse('upstream_failed', `the message was not taken: ${fault.message}`) : undefined),
      );
    });
  };

  readonly begin = (): void => undefined;

  readonly listening = (): Promise<void> => Promise.resolve();

  readonly close = async (): Promise<void> => {
    this.#over = true;
    await stopServer(this.#child);
  };

  #readOutput(): void {
    const { limits } = this.#context;
    const reader = lineReader(limits.resultBytes);
    this.#child.stdout.on('data', (chunk: Buffer) => {
      const lines = reader.push(chunk);
      if (lines === undefined) return this.#lose(`a line is larger than ${limits.resultBytes} bytes`);
      this.#lines.push(...lines);
      if (this.#delivering) return;
      try {
        this.#deliver();
      } catch (fault) {
        this.#lose(`a message could not be taken: ${faultMessage(fault)}`);
      }
    });
  }

  /** INVARIANT: while a message is being delivered the output is paused, so that a slow client slows the server. */
  #deliver(): void {
    for (let line = this.#lines.shift(); line !== undefined && !this.#over; line = this.#lines.shift()) {
      const taken = this.#take(line);
      if (taken === undefined) continue;
      this.#delivering = true;
      this.#child.stdout.pause();
      const go = (): void => {
        this.#delivering = false;
        this.#deliver();
        if (!this.#delivering) this.#child.stdout.resume();
      };
      taken.then(go, go);
      return;
    }
  }

  /** Servers print things to their output that do not belong there; those are told to the operator and passed over. */
  #take(line: Buffer): Promise<void> | undefined {
    const { limits, log } = this.#context;
    if (line.length === 0) return undefined;
    return takeText(line, limits.jsonDepth, this.#receiver, log);
  }

  #readErrors(): void {
    let second = 0;
    let logged = 0;
    this.#child.stderr.on('data', (chunk: Buffer) => {
      const now = Math.trunc(this.#context.clock.now() / 1_000);
      if (now !== second) logged = 0;
      second = now;
      if (logged++ < loggedPerSecond) this.#context.log('stderr', chunk.toString('utf8').trimEnd());
    });
  }

  #lose(detail: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#receiver.lost(detail);
    void stopServer(this.#child);
  }
}

/** A line end inside JSON is white space, since strings cannot hold one; a space says the same. */
function asLine(bytes: Uint8Array): Buffer {
  const line = Buffer.allocUnsafe(bytes.length + 1);
  line.set(bytes);
  line[bytes.length] = newline;
  for (let at = line.indexOf(newline); at < bytes.length; at = line.indexOf(newline, at + 1))
    line[at] = space;
  for (let at = line.indexOf(carriageReturn); at >= 0; at = line.indexOf(carriageReturn, at + 1))
    line[at] = space;
  return line;
}
