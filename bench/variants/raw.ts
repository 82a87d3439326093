/**
 * The floor for JavaScript: a proxy on raw sockets that only finds the ends of messages and passes the bytes as they
 * are. It drops no headers and has no limits; it is a yardstick, not something to run.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { createMessageReader, type MessageReader } from '../http/message-reader.ts';
import { announce, serve } from '../serve.ts';

const upstream = new URL(process.argv[2] ?? '');

/** A connection to the upstream, lent to one client connection for one exchange. */
interface Leg {
  readonly socket: Socket;
  client: Socket | undefined;
  /** Called at the end of the reply. */
  done: () => void;
}

const idleLegs: Leg[] = [];

const openLeg = (): Leg => {
  const socket = connect({ host: upstream.hostname, port: Number(upstream.port), noDelay: true });
  const leg: Leg = { socket, client: undefined, done: () => {} };
  const push = createMessageReader('response', { end: () => leg.done() });
  socket.on('data', (piece) => {
    // Before reading, because the end of the reply takes the client away.
    if (leg.client?.write(piece) === false) {
      socket.pause();
      leg.client.once('drain', () => socket.resume());
    }
    readOrBreak(push, piece, socket);
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    leg.client?.destroy();
    const place = idleLegs.indexOf(leg);
    if (place !== -1) idleLegs.splice(place, 1);
  });
  return leg;
};

const readOrBreak = (push: MessageReader, piece: Buffer, socket: Socket): void => {
  try {
    push(piece);
  } catch {
    socket.destroy();
  }
};

const accept = (client: Socket): void => {
  let leg: Leg | undefined;
  const push = createMessageReader('request', { end: () => {} });
  const finish = (): void => {
    if (leg === undefined) return;
    leg.client = undefined;
    idleLegs.push(leg);
    leg = undefined;
  };
  client.setNoDelay(true);
  client.on('data', (piece) => {
    if (leg === undefined) {
      leg = idleLegs.pop() ?? openLeg();
      leg.client = client;
      leg.done = finish;
    }
    leg.socket.write(piece);
    readOrBreak(push, piece, client);
  });
  client.on('error', () => client.destroy());
  client.on('close', () => {
    // A reply may still be on its way: the leg cannot be lent again.
    if (leg !== undefined) {
      leg.client = undefined;
      leg.socket.destroy();
    }
  });
};

const server = createServer(accept);
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const { port } = server.address() as AddressInfo;
  announce({ url: `http://127.0.0.1:${port}${upstream.pathname}`, headers: {}, tool: 'lookup' });
});
serve({});
