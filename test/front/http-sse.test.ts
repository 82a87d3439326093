import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { eventually } from '../eventually.ts';
import { listeningFront, type Script } from './listening-front.ts';
import { type Message, type Streaming, send } from './stream-client.ts';

const script: Script = async (call, { notify, signal }) => {
  if (call.method === 'server/discover') return { capabilities: { tools: {} } };
  if (call.method === 'subscriptions/listen') {
    await once(signal, 'abort');
    return {};
  }
  await notify({
    jsonrpc: '2.0',
    method: 'notifications/progress',
    params: { progressToken: 1, progress: 1, message: 'm' },
  });
  return { content: [], structuredContent: {} };
};

const hello = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: { name: 'old', version: '1' } },
};
const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'a' } };

interface Opened {
  readonly stream: Streaming;
  readonly endpoint: string;
  readonly post: (message: object, user?: string) => Promise<Streaming>;
}

async function openStream(port: number, path = '/sse'): Promise<Opened> {
  const stream = await send(port, 'GET', path, { authorization: 'Bearer ann', accept: 'text/event-stream' });
  const first = await stream.next();
  assert.equal(first?.event, 'endpoint');
  const endpoint = first.data;
  const post = (message: object, user = 'ann'): Promise<Streaming> =>
    send(
      port,
      'POST',
      endpoint,
      { authorization: `Bearer ${user}`, 'content-type': 'application/json' },
      JSON.stringify(message),
    );
  return { stream, endpoint, post };
}

test('serves a client of 2024-11-05: endpoint event, accepted posts, answers on the stream', async (t) => {
  const front = await listeningFront(t, script);
  const { stream, endpoint, post } = await openStream(front.port);
  assert.match(endpoint, /^\/messages\?sessionId=[\w-]{43}$/);
  assert.equal((await post(hello)).status, 202);
  const { id, result } = await stream.json();
  assert.deepEqual([id, result.protocolVersion, result.capabilities], [0, '2024-11-05', { tools: {} }]);
  assert.equal((await post({ jsonrpc: '2.0', method: 'notifications/initialized' })).status, 202);
  assert.equal((await post(call)).status, 202);
  assert.equal((await stream.json())['method'], 'notifications/progress');
  assert.deepEqual(await stream.json(), { jsonrpc: '2.0', id: 1, result: { content: [] } } satisfies Message);
  stream.leave();
});

test('serves a virtual server at its own path', async (t) => {
  const front = await listeningFront(t, script);
  const { stream, endpoint, post } = await openStream(front.port, '/sse/files');
  assert.match(endpoint, /^\/messages\/files\?sessionId=/);
  await post(hello);
  await stream.json();
  assert.equal(front.calls[0]?.endpoint.kind, 'server');
  stream.leave();
});

test('takes messages for a stream from its own principal alone', async (t) => {
  const front = await listeningFront(t, script);
  const { stream, endpoint, post } = await openStream(front.port);
  const foreign = await post(hello, 'bob');
  const unknown = await send(
    front.port,
    'POST',
    endpoint.replace(/sessionId=.*/, `sessionId=${'A'.repeat(43)}`),
    { authorization: 'Bearer bob', 'content-type': 'application/json' },
    JSON.stringify(hello),
  );
  const withoutDecision = async (answer: Streaming): Promise<string> =>
    `${answer.status} ${(await answer.text()).replace(/"decision":"[^"]*"/, '')}`;
  const seen = await withoutDecision(foreign);
  assert.match(seen, /^404 .*session_unknown/);
  assert.equal(await withoutDecision(unknown), seen);
  assert.equal((await post(hello, 'bad')).status, 401);
  assert.equal(front.calls.length, 0);
  stream.leave();
});

test('refuses calls before initialize on the stream, and broken messages at once', async (t) => {
  const front = await listeningFront(t, script);
  const { stream, post } = await openStream(front.port);
  assert.equal((await post(call)).status, 202);
  assert.equal((await stream.json())['error'].data.denial, 'session_required');
  assert.equal((await post([call])).status, 400);
  assert.equal(front.calls.length, 0);
  stream.leave();
});

test('ends the session with its stream', async (t) => {
  const front = await listeningFront(t, script);
  const { stream, post } = await openStream(front.port);
  await post(hello);
  await stream.json();
  stream.leave();
  await eventually('the end of the session', async () => (await post(call)).status === 404);
});

test('wants a token for the stream', async (t) => {
  const front = await listeningFront(t, script);
  const answer = await send(front.port, 'GET', '/sse', { accept: 'text/event-stream' });
  assert.equal(answer.status, 401);
  assert.equal(answer.header('www-authenticate'), 'Bearer realm="mcp"');
});
