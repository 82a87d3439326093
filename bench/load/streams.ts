import { connect, type Socket } from 'node:net';
import type { Listening } from '../protocol.ts';
import { firstId, holdShape, writeId } from '../shapes.ts';
import { requestTemplate } from './session.ts';

export interface HeldStreams {
  readonly opened: number;
  /** What came instead on the first stream that did not open. */
  readonly example: string | undefined;
  readonly close: () => void;
}

const batch = 50;
const patienceMs = 10_000;

/** Opens `count` SSE streams, each proved open by its first event, and leaves them idle. */
export const holdStreams = async (target: Listening, count: number): Promise<HeldStreams> => {
  const request = requestTemplate({ target, shape: holdShape });
  const { hostname, port } = new URL(target.url);
  const sockets: Socket[] = [];
  let opened = 0;
  let example: string | undefined;
  for (let from = 0; from < count && example === undefined; from += batch) {
    const ids = Array.from({ length: Math.min(batch, count - from) }, (_, index) =>
      String(firstId + from + index),
    );
    const outcomes = await Promise.all(
      ids.map((id) => {
        const socket = connect({ host: hostname, port: Number(port), noDelay: true });
        sockets.push(socket);
        socket.write(writeId(Buffer.from(request.bytes), request.places, id));
        return firstEvent(socket, id);
      }),
    );
    opened += outcomes.filter((outcome) => outcome === undefined).length;
    example = outcomes.find((outcome) => outcome !== undefined);
  }
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return { opened, example, close };
};

/** Undefined when the stream's first event came; else what came. */
const firstEvent = (socket: Socket, id: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    let seen = '';
    const timer = setTimeout(
      () => resolve(`no event in ${patienceMs} ms, only: ${seen.slice(0, 300)}`),
      patienceMs,
    );
    const settle = (outcome: string | undefined): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    socket.on('data', (piece) => {
      seen += piece.toString('latin1');
      if (seen.includes('data:') && seen.includes(id) && seen.includes('\n\n')) settle(undefined);
      else if (!'HTTP/1.1 200 '.startsWith(seen.slice(0, 13))) settle(seen.slice(0, 300));
    });
    socket.on('error', (error) => settle(error.message));
    socket.on('close', () => settle(`closed after: ${seen.slice(0, 300)}`));
  });
