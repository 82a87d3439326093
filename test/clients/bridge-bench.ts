import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { runStdio, type StdioOptions } from '../../src/cli/stdio.ts';

/** One request as the stub saw it. */
export interface Seen {
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers one request of the bridge. */
export type Answer = (seen: Seen, response: ServerResponse) => void;

/** A bridge under test between a scripted client and a scripted gateway. */
export interface Bench extends Stub {
  readonly say: (message: object) => void;
  /** The next message that the client reads. */
  readonly hear: () => Promise<Record<string, unknown>>;
  /** The next line as it stands. */
  readonly hearLine: () => Promise<string>;
  /** Ends the input; resolves when the bridge has ended. */
  readonly hangUp: () => Promise<void>;
}

/** A scripted gateway. */
export interface Stub {
  readonly url: string;
  readonly seen: readonly Seen[];
  /** Waits until the gateway saw a request that fits. */
  readonly sees: (fits: (seen: Seen) => boolean) => Promise<Seen>;
}

/** Starts a gateway that answers as told. It ends with the test. */
export async function startStub(t: TestContext, answer: Answer): Promise<Stub> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const entry = { method: request.method ?? '', headers: request.headers, body };
      seen.push(entry);
      answer(entry, response);
      server.emit('seen');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    seen,
    sees: async (fits) => {
      for (;;) {
        const found = seen.find(fits);
        if (found !== undefined) return found;
        await once(server, 'seen');
      }
    },
  };
}

/** Starts a gateway that answers as told, and a bridge that talks to it. Both end with the test. */
export async function startBench(t: TestContext, answer: Answer, options: StdioOptions = {}): Promise<Bench> {
  const stub = await startStub(t, answer);
  const [input, output] = [new PassThrough(), new PassThrough()];
  const running = runStdio({ url: stub.url, token: 'test-token', ...options, input, output });
  t.after(async () => {
    input.end();
    await running.catch(() => undefined);
  });
  const lines = lineReader(output);
  return {
    ...stub,
    say: (message) => void input.write(`${JSON.stringify(message)}\n`),
    hear: async () => JSON.parse(await lines()) as Record<string, unknown>,
    hearLine: lines,
    hangUp: async () => {
      input.end();
      await running;
    },
  };
}

function lineReader(output: PassThrough): () => Promise<string> {
  let held = '';
  return async () => {
    while (!held.includes('\n')) {
      const chunk: unknown = output.read();
      if (chunk === null) await once(output, 'readable');
      else held += String(chunk);
    }
    const at = held.indexOf('\n');
    const line = held.slice(0, at);
    held = held.slice(at + 1);
    return line;
  };
}

/** Answers a JSON-RPC request with a result. */
export function result(response: ServerResponse, body: string, value: object, headers: object = {}): void {
  const { id } = JSON.parse(body) as { id: unknown };
  response.writeHead(200, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify({ jsonrpc: '2.0', id, result: value }));
}
