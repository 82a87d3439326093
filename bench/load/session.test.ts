import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { createMessageReader } from '../http/message-reader.ts';
import { baseShape, writeId } from '../shapes.ts';
import { replyTemplate } from '../upstream/replies.ts';
import { runClosed } from './closed.ts';
import { runOpen } from './open.ts';
import { openSession, type Session } from './session.ts';

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

/** A server whose answer to each call is up to the test. */
const listen = async (answer: (socket: Socket, id: string) => void): Promise<string> => {
  const server = createServer((socket) => {
    let body = '';
    const push = createMessageReader('request', {
      body: (piece) => {
        body += piece.toString();
      },
      end: () => {
        const { id } = JSON.parse(body) as { id: number };
        body = '';
        answer(socket, String(id));
      },
    });
    socket.on('data', push).on('error', () => {});
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
};

const session = (url: string, connections = 4): Promise<Session> =>
  openSession({ target: { url, headers: {}, tool: 'lookup' }, shape: baseShape, connections, warmMs: 0 });

const right = replyTemplate('json', baseShape.replyBytes);
const rightReply = (id: string): Buffer => writeId(Buffer.from(right.bytes), right.places, id);

test('the closed loop counts right replies and none as wrong', async () => {
  const open = await session(await listen((socket, id) => socket.write(rightReply(id))));
  const result = await runClosed(open, 50);
  open.close();
  assert.ok(result.completed > 20, `completed ${result.completed}`);
  assert.deepEqual([result.wrong, result.altered], [0, 0]);
  assert.ok(result.elapsedMs >= 50 && result.elapsedMs < 1000);
});

test('a proxy that answers errors quickly is found out, and stops the loop', async () => {
  const error = 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n';
  const open = await session(await listen((socket) => socket.write(error)));
  const result = await runClosed(open, 2000);
  open.close();
  assert.equal(result.completed, 0);
  assert.equal(result.wrong, 4);
  assert.match(result.example ?? '', /401 Unauthorized/);
  assert.ok(result.elapsedMs < 1000);
});

test("another call's reply is found out", async () => {
  const open = await session(await listen((socket, id) => socket.write(rightReply(String(Number(id) - 1)))));
  const result = await runClosed(open, 20);
  open.close();
  assert.deepEqual([result.completed, result.wrong], [0, 4]);
});

test('a connection that the proxy closes is a wrong reply, not a missing one', async () => {
  const open = await session(await listen((socket) => socket.destroy()));
  const result = await runClosed(open, 20);
  open.close();
  assert.equal(result.wrong, 4);
  assert.match(result.example ?? '', /connection broken/);
});

test('the open loop makes every call of its schedule', async () => {
  const open = await session(await listen((socket, id) => socket.write(rightReply(id))));
  const result = await runOpen(open, 500, 200);
  open.close();
  assert.deepEqual([result.completed, result.wrong], [100, 0]);
  assert.ok(result.p50_us > 0 && result.p50_us <= result.p99_us);
});

test('a stall counts for every call that was due meanwhile, not only for the one that met it', async () => {
  let calls = 0;
  const held: (() => void)[] = [];
  const url = await listen((socket, id) => {
    const reply = (): void => void socket.write(rightReply(id));
    calls++;
    if (calls === 20) setTimeout(() => held.splice(0).map((release) => release()), 300);
    if (calls >= 20 && held.length < 2 && calls < 22) held.push(reply);
    else reply();
  });
  const open = await session(url, 2);
  const result = await runOpen(open, 500, 400);
  open.close();
  assert.equal(result.completed, 200);
  // 200 calls over 400 ms; from the 20th on, 300 ms without a reply: more than half were due in the stall.
  assert.ok(result.p50_us > 20_000, `p50 ${result.p50_us} us hides the stall`);
});

test('a schedule whose every connection breaks still ends', async () => {
  const open = await session(await listen((socket) => socket.destroy()));
  const result = await runOpen(open, 1000, 500);
  open.close();
  assert.deepEqual([result.completed, result.wrong], [0, 4]);
});
