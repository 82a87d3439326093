import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../../src/model/json.ts';
import { refuse } from '../../src/model/refusal.ts';
import { eventually } from '../eventually.ts';
import { listeningFront } from './listening-front.ts';
import { modernBody, modernHeaders } from './modern-message.ts';
import { open, post, requestBytes } from './raw-client.ts';
import { send } from './stream-client.ts';

const body = modernBody('tools/call', { name: 'a', arguments: {} });
const headers = {
  authorization: 'Bearer ann',
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  ...modernHeaders('tools/call', 'a'),
};
const progress = (value: number): JsonObject => ({
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { progressToken: 1, progress: value },
});

test('opens an event stream when something is sent before the answer, and ends it with the answer', async (t) => {
  const gate = Promise.withResolvers<void>();
  const front = await listeningFront(t, async (_, { notify }) => {
    await notify(progress(1));
    await gate.promise;
    return { content: [] };
  });
  const answer = await send(front.port, 'POST', '/mcp', headers, body);
  assert.equal(answer.status, 200);
  assert.equal(answer.header('content-type'), 'text/event-stream');
  assert.equal(answer.header('x-accel-buffering'), 'no');
  assert.equal((await answer.json())['method'], 'notifications/progress');
  gate.resolve();
  assert.deepEqual(await answer.json(), {
    jsonrpc: '2.0',
    id: 1,
    result: { resultType: 'complete', content: [] },
  });
  assert.equal(await answer.next(), undefined);
});

test('sends a refusal that comes late as the last event', async (t) => {
  const front = await listeningFront(t, async (_, { notify }) => {
    await notify(progress(1));
    return refuse('result_blocked', 'secret');
  });
  const answer = await send(front.port, 'POST', '/mcp', headers, body);
  await answer.next();
  assert.equal((await answer.json())['result'].isError, true);
  assert.equal(await answer.next(), undefined);
});

test('answers a subscription as a stream in any case', async (t) => {
  const front = await listeningFront(t, () => ({}));
  const listen = modernBody('subscriptions/listen', { notifications: {} });
  const listenHeaders = { ...headers, ...modernHeaders('subscriptions/listen') };
  const answer = await send(front.port, 'POST', '/mcp', { ...listenHeaders, 'mcp-name': '' }, listen);
  assert.equal(answer.header('content-type'), 'text/event-stream');
  assert.equal((await answer.json())['id'], 1);
});

test('keeps a quiet stream alive with comments', async (t) => {
  const front = await listeningFront(
    t,
    async (_, { notify }) => {
      await notify(progress(1));
      await sleep(150);
      return {};
    },
    { limits: { keepAliveSeconds: 0.02 } },
  );
  const { body: text } = await post(front.port, body, headers);
  assert.ok(text.split(': keep-alive\n\n').length > 3, text);
});

test('cancels the call of a modern client that goes away, before and after the stream has begun', async (t) => {
  for (const streams of [false, true]) {
    const began = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const front = await listeningFront(t, async (_, { signal, notify }) => {
      if (streams) await notify(progress(1));
      signal.addEventListener('abort', () => ended.resolve());
      began.resolve();
      await once(signal, 'abort');
      return refuse('cancelled', 'gone');
    });
    const socket = await open(front.port);
    const head = Object.entries({ host: 'localhost', 'content-length': String(body.length), ...headers });
    socket.write(requestBytes('POST /mcp', head, body));
    await began.promise;
    socket.destroy();
    await ended.promise;
    await eventually('the outcome', () => front.outcomes.length === 1);
  }
});

test('does not cancel a call that was answered', async (t) => {
  let aborted = false;
  const front = await listeningFront(t, (_, { signal }) => {
    signal.addEventListener('abort', () => {
      aborted = true;
    });
    return {};
  });
  await post(front.port, body, headers);
  await sleep(20);
  assert.equal(aborted, false);
});

/** A message large enough that a few of them fill every buffer on the way. */
const large = {
  jsonrpc: '2.0',
  method: 'notifications/message',
  params: { level: 'info', data: 'x'.repeat(256 * 1024) },
};

test('makes the sender wait for a client that does not read, and goes on when it does', async (t) => {
  let sent = 0;
  const front = await listeningFront(t, async (_, { notify }) => {
    for (; sent < 200; sent++) await notify(large);
    return {};
  });
  const socket = await open(front.port);
  socket.pause();
  const head = Object.entries({ host: 'localhost', 'content-length': String(body.length), ...headers });
  socket.write(requestBytes('POST /mcp', head, body));
  let before = -1;
  while (sent === 0 || sent !== before) {
    before = sent;
    await sleep(50);
  }
  assert.ok(sent < 100, `${sent} messages left while nobody read`);
  let bytes = 0;
  for await (const chunk of socket) bytes += (chunk as Buffer).length;
  assert.equal(sent, 200);
  assert.ok(bytes > 200 * 256 * 1024);
});

test('cuts off a client that takes nothing for the stall time, and cancels its call', async (t) => {
  const cut = Promise.withResolvers<void>();
  const front = await listeningFront(
    t,
    async (_, { notify, signal }) => {
      signal.addEventListener('abort', () => cut.resolve());
      while (!signal.aborted) await notify(large);
      return refuse('cancelled', 'stalled');
    },
    { limits: { stallSeconds: 0.2 } },
  );
  const socket = await open(front.port);
  socket.on('error', () => undefined);
  socket.pause();
  const head = Object.entries({ host: 'localhost', 'content-length': String(body.length), ...headers });
  socket.write(requestBytes('POST /mcp', head, body));
  const started = Date.now();
  await cut.promise;
  assert.ok(Date.now() - started < 3000);
  socket.destroy();
});

test('cuts off a client that takes nothing of a large answer', async (t) => {
  const front = await listeningFront(t, () => ({ text: 'x'.repeat(32 * 1024 * 1024) }), {
    limits: { stallSeconds: 0.2 },
  });
  const socket = await open(front.port);
  socket.on('error', () => undefined);
  socket.pause();
  const head = Object.entries({ host: 'localhost', 'content-length': String(body.length), ...headers });
  socket.write(requestBytes('POST /mcp', head, body));
  await sleep(1500);
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  socket.resume();
  await once(socket, 'close');
  assert.ok(bytes < 32 * 1024 * 1024, `${bytes} bytes came after all`);
});

test('limits the long streams of a principal', async (t) => {
  const front = await listeningFront(
    t,
    async (_, { notify, signal }) => {
      await notify({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged' });
      await once(signal, 'abort');
      return {};
    },
    { limits: { streamsPerPrincipal: 1 } },
  );
  const listen = modernBody('subscriptions/listen', { notifications: {} });
  const listenHeaders = { ...headers, ...modernHeaders('subscriptions/listen') };
  const first = await send(front.port, 'POST', '/mcp', listenHeaders, listen);
  await first.next();
  const second = await send(front.port, 'POST', '/mcp', listenHeaders, listen);
  assert.equal(second.status, 429);
  first.leave();
  await eventually('room for another stream', async () => {
    const third = await send(front.port, 'POST', '/mcp', listenHeaders, listen);
    third.leave();
    return third.status === 200;
  });
});

test('ends streams, calls and the listener within a second', async (t) => {
  let aborted = 0;
  const front = await listeningFront(t, async (call, { notify, signal }) => {
    signal.addEventListener('abort', () => {
      aborted += 1;
    });
    if (call.method === 'subscriptions/listen') await notify(progress(1));
    await once(signal, 'abort');
    return {};
  });
  const listen = modernBody('subscriptions/listen', { notifications: {} });
  const stream = await send(
    front.port,
    'POST',
    '/mcp',
    { ...headers, ...modernHeaders('subscriptions/listen') },
    listen,
  );
  await stream.next();
  const hanging: Promise<unknown> = send(front.port, 'POST', '/mcp', headers, body).catch(() => 'closed');
  await eventually('both calls', () => front.calls.length === 2);
  const started = Date.now();
  await front.close();
  assert.ok(Date.now() - started < 1000);
  assert.equal(await stream.next(), undefined);
  assert.equal(await hanging, 'closed');
  await eventually('the end of both calls', () => aborted === 2);
  await assert.rejects(open(front.port));
});
