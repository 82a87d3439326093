import type { Writable } from 'node:stream';
import { asLine } from './lines.ts';

/** Writes one message; resolves when the client has room for more. */
export type WriteMessage = (json: Uint8Array) => Promise<void>;

/** Writes messages one after the other, each on its line. When the client is gone they are dropped. */
export function lineSink(output: Writable): WriteMessage {
  let turn = Promise.resolve();
  return (json) => {
    turn = turn.then(() => put(output, asLine(json)));
    return turn;
  };
}

function put(output: Writable, line: Uint8Array): Promise<void> | undefined {
  if (output.destroyed || output.write(line)) return undefined;
  return new Promise((resolve) => {
    const go = (): void => {
      output.off('drain', go);
      output.off('close', go);
      resolve();
    };
    output.on('drain', go);
    output.on('close', go);
  });
}
