import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What stands before the replicas and sends every request to another one. */
export interface Front {
  readonly url: string;
  /** Tells where requests go from now on, in turn: ports of this machine. */
  readonly spread: (ports: readonly number[]) => void;
  readonly stop: () => void;
}

/** Starts it on a free port of loopback. Names and bodies pass unchanged, `Host` too. */
export async function startFront(): Promise<Front> {
  let ports: readonly number[] = [];
  let turn = 0;
  const server = createServer((incoming, outgoing) => {
    turn = (turn + 1) % ports.length;
    pass(incoming, outgoing, ports[turn] ?? 0);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spread: (next) => {
      ports = next;
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function pass(incoming: IncomingMessage, outgoing: ServerResponse, port: number): void {
  const { method, url, headers } = incoming;
  const onward = request({ host: '127.0.0.1', port, method, path: url, headers, agent: false });
  onward.once('response', (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.once('error', () => outgoing.writeHead(502).end());
  outgoing.once('close', () => onward.destroy());
  incoming.pipe(onward);
}
