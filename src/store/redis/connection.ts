import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorReply } from '@redis/client';
import type { Script } from './script.ts';
import type { ServerAddress } from './server-address.ts';

/** A connection that comes back by itself, and meanwhile says no at once: nothing waits in a queue for the server. */
export interface Connection {
  /** Sends one command; `key` decides which node of a cluster gets it. Rejects with a message free of secrets. */
  readonly send: (key: string, command: readonly string[]) => Promise<unknown>;
  /** Runs a script as one step. Its keys stand on one node. */
  readonly evaluate: (script: Script, keys: readonly string[], args: readonly string[]) => Promise<unknown>;
  readonly close: () => void;
}

/** What carries commands: a client of one server, or of a cluster. */
export interface Carrier {
  readonly send: (key: string, command: readonly string[]) => Promise<unknown>;
  readonly destroy: () => void;
}

/** An answer that takes longer is none. */
const answerLimitMs = 500;
/** A connection that was asked and has said nothing for as long is taken for dead, and replaced. */
const silenceLimitMs = 2_000;
/** Who starts without the shared state would refuse every call; better not to start, and say why. */
const startLimitMs = 3_000;

/** Commands over whatever `makeCarrier` makes, which is made anew when the one before falls silent. */
export function openConnection(address: ServerAddress, makeCarrier: () => Carrier): Connection {
  let carrier = makeCarrier();
  let heardAt = performance.now();
  let closed = false;

  /** A peer that vanished without a word would otherwise hold the connection for minutes. */
  const replaceSilent = (asked: Carrier): void => {
    if (closed || asked !== carrier || performance.now() - heardAt < silenceLimitMs) return;
    carrier.destroy();
    carrier = makeCarrier();
    heardAt = performance.now();
  };

  const send: Connection['send'] = async (key, command) => {
    const asked = carrier;
    try {
      const answer = await withinLimit(asked.send(key, command));
      heardAt = performance.now();
      return answer;
    } catch (error) {
      if (error instanceof ErrorReply) heardAt = performance.now();
      else replaceSilent(asked);
      throw failure(address, error);
    }
  };

  return {
    send,
    evaluate: (script, keys, args) => evaluate(send, script, keys, args),
    close: () => {
      closed = true;
      carrier.destroy();
    },
  };
}

/**
 * Waits until the server answers.
 * @throws Error with the reason when it does not within `startLimitMs`
 */
export async function untilAnswering(connection: Connection): Promise<void> {
  const deadline = performance.now() + startLimitMs;
  for (;;) {
    try {
      await connection.send('bartizan', ['PING']);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(20);
    }
  }
}

async function evaluate(
  send: Connection['send'],
  { digest, text }: Script,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args];
  const [first = ''] = keys;
  try {
    return await send(first, ['EVALSHA', digest, ...rest]);
  } catch (error) {
    // The server has not seen the script since it started; nothing was run.
    if (error instanceof Error && error.message.includes('NOSCRIPT'))
      return send(first, ['EVAL', text, ...rest]);
    throw error;
  }
}

async function withinLimit<T>(answer: Promise<T>): Promise<T> {
  const { promise: silence, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${answerLimitMs} ms`)), answerLimitMs);
  try {
    return await Promise.race([answer, silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** Old servers repeat the arguments of a command they do not know, and one of them is the password. */
function failure({ name, password }: ServerAddress, error: unknown): Error {
  const said = error instanceof Error ? error.message || error.constructor.name : String(error);
  const clean = password === undefined ? said : said.replaceAll(password, '***');
  return new Error(`the shared state at \`${name}\` cannot be used: ${clean}`);
}
