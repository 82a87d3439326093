import { connect, type Socket } from 'node:net';
import { createMessageReader } from '../http/message-reader.ts';

/** One keep-alive connection with at most one call in flight. */
export interface Connection {
  /** `done` gets the reply; a broken connection gives an empty body and a head that says what happened. */
  readonly send: (request: Buffer, done: (head: string, body: Buffer) => void) => void;
  readonly close: () => void;
}

const nothing = Buffer.alloc(0);

export const openConnection = (host: string, port: number): Promise<Connection> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(watch(socket));
    });
  });

const watch = (socket: Socket): Connection => {
  let waiting: ((head: string, body: Buffer) => void) | undefined;
  let broken: string | undefined;
  let head = '';
  let pieces: Buffer[] = [];

  const settle = (text: string, body: Buffer): void => {
    const done = waiting;
    waiting = undefined;
    done?.(text, body);
  };
  const fail = (reason: string): void => {
    broken ??= `connection broken: ${reason}`;
    socket.destroy();
    settle(broken, nothing);
  };
  const push = createMessageReader('response', {
    head: (text) => {
      head = text;
    },
    body: (piece) => pieces.push(piece),
    end: () => {
      const body = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
      pieces = [];
      if (waiting === undefined) fail('a reply that nobody asked for');
      else settle(head, body);
    },
  });
  socket.on('data', (piece) => {
    try {
      push(piece);
    } catch (error) {
      fail(String(error));
    }
  });
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => fail('closed by the proxy'));

  return {
    send: (request, done) => {
      waiting = done;
      if (broken === undefined) socket.write(request);
      else process.nextTick(settle, broken, nothing);
    },
    close: () => socket.destroy(),
  };
};
