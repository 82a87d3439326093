import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../../src/model/json.ts';
import { objectMember } from '../../src/model/json.ts';
import { eventually } from '../eventually.ts';
import { connectSession } from './bench/era-client.ts';
import { benchGateway } from './bench/gateway.ts';
import { modernClient } from './bench/modern-client.ts';
import { modernUpstream, tool } from './bench/modern-upstream.ts';
import { answerSample } from './bench/sample-server.ts';
import { stdioSample } from './bench/sample-upstreams.ts';
import { type Answering, type Received, type Script, scriptedUpstream } from './bench/scripted-upstream.ts';
import { verifies } from './verifies.ts';

const directory = await mkdtemp(join(tmpdir(), 'bartizan-cancel-'));
after(() => rm(directory, { recursive: true, force: true }));

/** Hands each hanging call to whoever waits for it. */
let arrived: (call: { readonly received: Received; readonly answer: Answering }) => void = () => undefined;
const hang: Script = (received, answer) => arrived({ received, answer });

function nextCall(): Promise<{ readonly received: Received; readonly answer: Answering }> {
  return new Promise((resolve) => {
    arrived = resolve;
  });
}

const upstream = await modernUpstream({ after }, { tools: [tool('hang')], on: { 'tools/call': hang } });
/** A legacy server whose `tools/call` hangs. */
const legacy = await scriptedUpstream({ after }, async (received, answer) => {
  const { method, message } = received;
  if (method !== 'POST') return answer.bytes('', 405);
  if (message['method'] === 'tools/call') return hang(received, answer);
  if (message['method'] === 'tools/list') return answer.result({ tools: [tool('hang')] });
  const response = await answerSample('legacy', message, {
    send: () => undefined,
    ask: () => Promise.reject(new Error()),
  });
  if (response === undefined) return answer.bytes('', 202);
  answer.bytes(JSON.stringify(response), 200, { 'mcp-session-id': 'one' });
});
const gateway = await benchGateway(
  { after },
  {
    servers: {
      files: upstream.url,
      brief: { url: upstream.url, transport: 'http', era: 'modern', timeoutSeconds: 1 },
      old: { url: legacy.url, transport: 'http', era: 'legacy' },
      process: stdioSample('legacy', join(directory, 'process.jsonl')),
    },
  },
);
const client = await modernClient(gateway, { path: '/mcp/files' });
await client.send('tools/list');
const call = { name: 'hang', arguments: {} };
const progress = {
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { progressToken: 'p', progress: 1 },
};

verifies('T15', 'a modern client that goes away before any answer ends its own call alone', async () => {
  const first = nextCall();
  const staying = client.begin('tools/call', call);
  const stays = await first;
  const second = nextCall();
  const leaving = client.begin('tools/call', call);
  const leaves = await second;
  leaving.drop();
  await leaves.received.closed;
  assert.equal(leaves.received.aborted(), true);
  assert.equal(stays.received.aborted(), false, 'the call of another request was cancelled too');
  stays.answer.result({ resultType: 'complete', content: [] });
  await stays.received.closed;
  staying.drop();
});

verifies(
  'T15',
  'a modern client that goes away in the middle of a stream ends its call at the upstream',
  async () => {
    const arriving = nextCall();
    const opening = client.open('tools/call', call, { meta: { progressToken: 'p' } });
    const { received, answer } = await arriving;
    const stream = answer.stream();
    stream.send(progress);
    const open = await opening;
    assert.deepEqual(await open.next(), progress);
    open.drop();
    await received.closed;
    assert.equal(received.aborted(), true);
  },
);

verifies('T15', 'a cancelled call leaves its decision and its outcome in the record', async () => {
  await eventually('the record', async () => {
    const records = await gateway.records();
    const cancelled = records.filter(({ kind, denial }) => kind === 'outcome' && denial === 'cancelled');
    return cancelled.length >= 2;
  });
});

const approach = async (path: string): Promise<{ readonly path: string; readonly token: string }> => ({
  path,
  token: await gateway.token(),
});

for (const [what, path] of [
  ['a modern', '/mcp/files'],
  ['a legacy', '/mcp/old'],
] as const) {
  verifies('T15', `a legacy client that goes away does not cancel its call at ${what} server`, async () => {
    const session = await connectSession(gateway, '2025-11-25', await approach(path));
    const arriving = nextCall();
    const params = { ...call, _meta: { progressToken: 'p' } };
    const opening = session.post({ jsonrpc: '2.0', id: 5, method: 'tools/call', params });
    const { received, answer } = await arriving;
    const stream = answer.stream();
    const { _meta } = objectMember(received.message, 'params') ?? {};
    const token = (_meta as JsonObject)['progressToken'] ?? '';
    stream.send({ ...progress, params: { progressToken: token, progress: 1 } });
    const open = await opening;
    await open.next();
    open.drop();
    await sleep(150);
    assert.equal(received.aborted(), false);
    const result = { resultType: 'complete', content: [] };
    stream.send({ jsonrpc: '2.0', id: received.message['id'] ?? null, result });
    stream.end();
    await received.closed;
  });

  verifies(
    'T15',
    `\`notifications/cancelled\` of a legacy client cancels its call at ${what} server`,
    async () => {
      const session = await connectSession(gateway, '2025-11-25', await approach(path));
      const arriving = nextCall();
      const opening = session.post({ jsonrpc: '2.0', id: 6, method: 'tools/call', params: call });
      opening.catch(() => undefined);
      const { received } = await arriving;
      const notice = {
        jsonrpc: '2.0',
        method: 'notifications/cancelled',
        params: { requestId: 6, reason: 'enough' },
      };
      (await session.post(notice)).response.resume();
      if (path === '/mcp/files') {
        await received.closed;
        assert.equal(received.aborted(), true);
      } else {
        await eventually(
          'a cancellation at the upstream',
          () => legacy.calls('notifications/cancelled').length > 0,
        );
        const params = objectMember(legacy.calls('notifications/cancelled').at(-1)?.message, 'params');
        assert.equal(params?.['requestId'], received.message['id']);
      }
    },
  );
}

verifies('T15', 'one session cannot cancel the call of another', async () => {
  const mine = await connectSession(gateway, '2025-11-25', await approach('/mcp/files'));
  const other = await connectSession(gateway, '2025-11-25', await approach('/mcp/files'));
  const arriving = nextCall();
  mine.post({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: call }).catch(() => undefined);
  const { received, answer } = await arriving;
  const notice = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } };
  (await other.post(notice)).response.resume();
  await sleep(150);
  assert.equal(received.aborted(), false);
  answer.result({ resultType: 'complete', content: [] });
});

verifies(['T15', 'L4'], 'a modern client that goes away cancels its call at a stdio server', async () => {
  const own = await modernClient(gateway, { path: '/mcp/process' });
  await own.send('tools/list');
  const notes = async (): Promise<string> => readFile(join(directory, 'process.jsonl'), 'utf8');
  const { drop } = own.begin('tools/call', { name: 'echo', arguments: { forever: true } });
  await eventually('the call at the process', async () => (await notes()).includes('forever'));
  drop();
  await eventually('the cancellation', async () => (await notes()).includes('notifications/cancelled'));
  const started = (await notes()).match(/"started":true/g)?.length;
  const answer = await own.send('tools/call', { name: 'echo', arguments: { alive: true } });
  assert.match(answer.text, /alive/);
  assert.equal((await notes()).match(/"started":true/g)?.length, started, 'another process was started');
});

verifies(
  ['T16', 'G1'],
  'a call that takes too long is answered with an error and cancelled at the upstream',
  async () => {
    const brief = await modernClient(gateway, { path: '/mcp/brief' });
    const arriving = nextCall();
    const started = performance.now();
    const answering = brief.send('tools/call', call);
    const { received } = await arriving;
    const answer = await answering;
    const result = objectMember(answer.message, 'result');
    assert.equal(result?.['isError'], true, answer.text);
    assert.match(answer.text, /upstream_timeout/);
    const took = performance.now() - started;
    assert.ok(took > 900 && took < 3000, `${took} ms`);
    await received.closed;
    assert.equal(received.aborted(), true);
  },
);

verifies('T16', 'progress does not make the longest time longer', async () => {
  const brief = await modernClient(gateway, { path: '/mcp/brief' });
  const arriving = nextCall();
  const answering = brief.send('tools/call', call, { meta: { progressToken: 'p' } });
  const { received, answer } = await arriving;
  const stream = answer.stream();
  const ticking = setInterval(() => stream.send(progress), 100);
  const { messages, message } = await answering;
  clearInterval(ticking);
  assert.ok(messages.length > 3);
  assert.equal(objectMember(message, 'result')?.['isError'], true);
  await received.closed;
  assert.equal(received.aborted(), true);
});

verifies(
  ['T15', 'G1'],
  'a hundred aborted calls leave no connection behind, and the gateway serves on',
  async () => {
    const calls: Received[] = [];
    arrived = ({ received }) => calls.push(received);
    const before = upstream.connections().open;
    const dropped = Array.from({ length: 100 }, () => client.begin('tools/call', call));
    await eventually('all calls at the upstream', () => calls.length === 100);
    for (const { drop } of dropped) drop();
    await Promise.all(calls.map(({ closed }) => closed));
    assert.ok(calls.every(({ aborted }) => aborted()));
    await eventually('the end of their connections', () => upstream.connections().open <= before + 2);
    const arriving = nextCall();
    const answering = client.send('tools/call', call);
    (await arriving).answer.result({ resultType: 'complete', content: [] });
    assert.equal((await answering).status, 200);
  },
);

verifies(
  'G1',
  'calls beyond the limit of one principal are refused, and another principal is served',
  async (t) => {
    const own = await benchGateway(t, { servers: { files: upstream.url }, limits: { callsPerPrincipal: 3 } });
    const [mine, other] = [
      await modernClient(own, { path: '/mcp/files', token: await own.token({ agent: 'ann' }) }),
      await modernClient(own, { path: '/mcp/files', token: await own.token({ agent: 'bob' }) }),
    ];
    const calls: Answering[] = [];
    arrived = ({ answer }) => calls.push(answer);
    const running = [1, 2, 3].map(() => mine.send('tools/call', call));
    await eventually('three calls', () => calls.length === 3);
    assert.equal((await mine.send('tools/call', call)).status, 429);
    const theirs = other.send('tools/call', call);
    await eventually('the call of the other', () => calls.length === 4);
    for (const answer of calls) answer.result({ resultType: 'complete', content: [] });
    for (const answer of await Promise.all([...running, theirs])) assert.equal(answer.status, 200);
  },
);
