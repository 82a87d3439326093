import assert from 'node:assert/strict';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type JsonObject, objectMember } from '../../src/model/json.ts';
import { eventually } from '../eventually.ts';
import { connectSession } from './bench/era-client.ts';
import { benchGateway } from './bench/gateway.ts';
import { open } from './bench/http.ts';
import { modernClient } from './bench/modern-client.ts';
import { modernUpstream, tool } from './bench/modern-upstream.ts';
import type { EventWriter, Received, Script } from './bench/scripted-upstream.ts';
import { spawnedGateway } from './bench/spawned-gateway.ts';
import { verifies } from './verifies.ts';

const subscriptionId = 'io.modelcontextprotocol/subscriptionId';

/** The change streams at the upstream, newest last. */
const streams: { readonly received: Received; readonly events: EventWriter }[] = [];
const onListen: Script = (received, answer) => {
  const events = answer.stream();
  const params = objectMember(received.message, 'params');
  const _meta = { [subscriptionId]: received.message['id'] ?? null };
  events.send({
    jsonrpc: '2.0',
    method: 'notifications/subscriptions/acknowledged',
    params: { notifications: params?.['notifications'] ?? {}, _meta },
  });
  streams.push({ received, events });
};

/** Tells a change on the newest stream. */
function tell(method: string, params: JsonObject = {}): void {
  const { received, events } = streams.at(-1) ?? assert.fail('nobody listens');
  events.send({
    jsonrpc: '2.0',
    method,
    params: { ...params, _meta: { [subscriptionId]: received.message['id'] ?? null } },
  });
}

const capabilities = {
  tools: { listChanged: true },
  prompts: {},
  resources: { subscribe: true, listChanged: true },
};
const upstream = await modernUpstream(
  { after },
  {
    capabilities,
    resources: [
      { uri: 'file:///open', name: 'open' },
      { uri: 'file:///secret', name: 'secret' },
    ],
    on: { 'subscriptions/listen': onListen },
  },
);
const policy = `permit (principal, action, resource);
forbid (principal, action == Action::"files:resources/read", resource) when { resource.name == "file:///secret" };
forbid (principal == Agent::"barred", action, resource);`;
const config = { servers: { files: upstream.url }, policy };
const gateway = await benchGateway({ after }, config);
const client = await modernClient(gateway, { path: '/mcp/files' });
const wanted = {
  notifications: {
    toolsListChanged: true,
    promptsListChanged: true,
    resourcesListChanged: true,
    resourceSubscriptions: ['file:///open', 'file:///secret'],
  },
};

verifies('S1', 'the acknowledgement comes first and names the allowed subset alone', async () => {
  const stream = await client.open('subscriptions/listen', wanted, { id: 'mine' });
  assert.equal(stream.response.headers['content-type'], 'text/event-stream');
  assert.deepEqual(await stream.next(), {
    jsonrpc: '2.0',
    method: 'notifications/subscriptions/acknowledged',
    params: {
      notifications: {
        toolsListChanged: true,
        resourcesListChanged: true,
        resourceSubscriptions: ['file:///open'],
      },
      _meta: { [subscriptionId]: 'mine' },
    },
  });
  const asked = objectMember(objectMember(streams.at(-1)?.received.message, 'params'), 'notifications');
  assert.deepEqual(asked?.['resourceSubscriptions'], ['file:///open'], 'the upstream was asked for more');
  stream.drop();
  await streams.at(-1)?.received.closed;
});

verifies(
  'S1',
  'what is delivered carries the id of the listen request, and what was not acknowledged is not delivered',
  async () => {
    const stream = await client.open('subscriptions/listen', wanted, { id: 77 });
    await stream.next();
    tell('notifications/prompts/list_changed');
    tell('notifications/resources/updated', { uri: 'file:///secret' });
    tell('notifications/progress', { progressToken: 'x', progress: 1 });
    tell('notifications/tools/list_changed');
    tell('notifications/resources/updated', { uri: 'file:///open' });
    const _meta = { [subscriptionId]: 77 };
    assert.deepEqual(await stream.next(), {
      jsonrpc: '2.0',
      method: 'notifications/tools/list_changed',
      params: { _meta },
    });
    assert.deepEqual(await stream.next(), {
      jsonrpc: '2.0',
      method: 'notifications/resources/updated',
      params: { uri: 'file:///open', _meta },
    });
    stream.drop();
  },
);

verifies('S1', 'on the aggregate endpoint a resource is named as it can be read there', async () => {
  const aggregate = await modernClient(gateway);
  const notifications = {
    resourceSubscriptions: ['files+file:///open', 'file:///open', 'none+file:///open'],
  };
  const stream = await aggregate.open('subscriptions/listen', { notifications }, { id: 1 });
  const acknowledged = objectMember(objectMember(await stream.next(), 'params'), 'notifications');
  assert.deepEqual(acknowledged, { resourceSubscriptions: ['files+file:///open'] });
  tell('notifications/resources/updated', { uri: 'file:///open' });
  assert.equal(objectMember(await stream.next(), 'params')?.['uri'], 'files+file:///open');
  stream.drop();
});

verifies('S1', 'a client that goes away ends its stream at the upstream', async () => {
  const stream = await client.open('subscriptions/listen', wanted);
  await stream.next();
  const { received } = streams.at(-1) ?? assert.fail();
  stream.drop();
  await received.closed;
  assert.equal(received.aborted(), true);
});

verifies('S2', 'a change stream ends with its token: first the result, then the connection', async () => {
  const token = await gateway.token({ ttlSeconds: 2 });
  const brief = await modernClient(gateway, { path: '/mcp/files', token });
  const stream = await brief.open('subscriptions/listen', wanted, { id: 5 });
  await stream.next();
  const { received } = streams.at(-1) ?? assert.fail();
  const started = performance.now();
  const last = await stream.next();
  assert.ok(performance.now() - started < 4000);
  assert.equal(last?.['id'], 5);
  assert.ok(last['result']);
  assert.equal(await stream.next(), undefined);
  await received.closed;
  // Clocks may differ by half a minute; for that long the token opens a stream that ends at once.
  const again = await brief.send('subscriptions/listen', wanted);
  assert.ok(again.status === 401 || again.message['result'] !== undefined, again.text);
  const over = await gateway.token({ ttlSeconds: -40 });
  const late = await modernClient(gateway, { path: '/mcp/files', token: over });
  assert.equal((await late.send('subscriptions/listen', wanted)).status, 401);
});

verifies(['K4', 'S2'], 'a new policy counts at once, and streams that the old one allowed end', async () => {
  const stream = await client.open('subscriptions/listen', wanted, { id: 6 });
  await stream.next();
  assert.equal(
    (await client.send('tools/call', { name: 'echo', arguments: {} })).message['error'],
    undefined,
  );
  await gateway.reload({ ...config, policy: 'forbid (principal, action, resource);' });
  const last = await stream.next();
  assert.equal(last?.['id'], 6);
  assert.ok(last['result']);
  assert.equal(await stream.next(), undefined);
  const { message } = await client.send('tools/call', { name: 'echo', arguments: {} });
  assert.equal(objectMember(message, 'error')?.['code'], -32602);
  await gateway.reload(config);
  assert.equal(
    (await client.send('tools/call', { name: 'echo', arguments: {} })).message['error'],
    undefined,
  );
});

verifies(['K4', 'K3'], 'a list that an upstream says has changed is asked for anew', async (t) => {
  const tools = [tool('old')];
  const own = await modernUpstream(t, {
    tools,
    capabilities,
    on: {
      'subscriptions/listen': onListen,
      'tools/list': (_, answer) =>
        answer.result({ resultType: 'complete', tools: [...tools], ttlMs: 600_000, cacheScope: 'private' }),
    },
  });
  const behind = await benchGateway(t, { servers: { files: own.url } });
  const reader = await modernClient(behind, { path: '/mcp/files' });
  const stream = await reader.open('subscriptions/listen', { notifications: { toolsListChanged: true } });
  await stream.next();
  assert.doesNotMatch((await reader.send('tools/list')).text, /fresh/);
  tools.push(tool('fresh'));
  assert.doesNotMatch((await reader.send('tools/list')).text, /fresh/);
  tell('notifications/tools/list_changed');
  await stream.next();
  assert.match((await reader.send('tools/list')).text, /fresh/);
  stream.drop();
});

verifies(
  'G1',
  'streams beyond the limit of one principal are refused, and another principal is served',
  async (t) => {
    const own = await benchGateway(t, { ...config, limits: { streamsPerPrincipal: 2 } });
    const [mine, other] = [
      await modernClient(own, { path: '/mcp/files' }),
      await modernClient(own, { path: '/mcp/files', token: await own.token({ agent: 'other' }) }),
    ];
    const opened = [
      await mine.open('subscriptions/listen', wanted),
      await mine.open('subscriptions/listen', wanted),
    ];
    assert.equal((await mine.send('subscriptions/listen', wanted)).status, 429);
    const theirs = await other.open('subscriptions/listen', wanted);
    assert.equal(theirs.response.statusCode, 200);
    for (const stream of [...opened, theirs]) stream.drop();
  },
);

verifies('T14', 'a quiet stream is kept alive by comments, which are no messages', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const own = await benchGateway(t, config);
  const listener = await modernClient(own, { path: '/mcp/files' });
  const stream = await listener.open('subscriptions/listen', wanted);
  let text = '';
  stream.response.on('data', (chunk) => {
    text += String(chunk);
  });
  await eventually('the acknowledgement', () => text.includes('acknowledged'));
  text = '';
  t.mock.timers.tick(15_000);
  await eventually('the comment', () => text !== '');
  assert.match(text, /^(?::.*\n\n)+$/);
  stream.drop();
});

verifies(['S1', 'L2'], 'the stream of a legacy session tells changes of a modern server', async () => {
  const session = await connectSession(gateway, '2025-11-25', { path: '/mcp/files', token: client.token });
  const before = streams.length;
  const stream = await open(gateway.port, { method: 'GET', path: '/mcp/files', headers: session.headers });
  assert.equal(stream.response.statusCode, 200);
  await eventually('the stream', () => streams.length > before);
  await sleep(50);
  tell('notifications/tools/list_changed');
  const message = await stream.next();
  assert.equal(message?.['method'], 'notifications/tools/list_changed');
  assert.equal(message['id'], undefined);
  stream.drop();
});

const events = 12_000;
const padding = 'x'.repeat(10_000);

verifies(
  ['T14', 'G1'],
  "a slow client slows the upstream down, and the gateway's memory stays flat",
  async (t) => {
    let written = 0;
    const source = await modernUpstream(t, {
      on: {
        'tools/call': async ({ message, aborted }, answer) => {
          const stream = answer.stream();
          for (let n = 1; n <= events && !aborted(); n++) {
            const params = { progressToken: 'p', progress: n, message: padding };
            await stream.raw(
              `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params })}\n\n`,
            );
            written = n;
          }
          stream.send({
            jsonrpc: '2.0',
            id: message['id'] ?? null,
            result: { resultType: 'complete', content: [] },
          });
          stream.end();
        },
      },
    });
    const child = await spawnedGateway(t, {
      servers: { files: source.url },
      limits: { resultBytes: 100_000 },
    });
    const reader = await modernClient(child, { path: '/mcp/files' });
    await reader.send('tools/list');
    const before = await child.memory();
    const stream = await reader.open(
      'tools/call',
      { name: 'echo', arguments: {} },
      { meta: { progressToken: 'p' } },
    );
    stream.response.pause();
    await sleep(1500);
    const stalled = written;
    await sleep(500);
    assert.equal(written, stalled, 'the upstream went on writing to a client that takes nothing');
    assert.ok(stalled < events * 0.75, `${stalled} of ${events} events were taken from the upstream`);
    const during = await child.memory();
    if (before !== undefined && during !== undefined)
      assert.ok(during - before < 96 * 1024 * 1024, `${(during - before) >> 20} MiB more`);
    let seen = 0;
    for (let message = await stream.next(); message !== undefined; message = await stream.next()) {
      const progress = objectMember(message, 'params')?.['progress'];
      if (progress === undefined) assert.ok(message['result']);
      else assert.equal(progress, ++seen);
    }
    assert.equal(seen, events);
    const afterwards = await child.memory();
    if (before !== undefined && afterwards !== undefined)
      assert.ok(
        afterwards - before < 128 * 1024 * 1024,
        `${(afterwards - before) >> 20} MiB more at the end`,
      );
  },
);
