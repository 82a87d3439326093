import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import { type JsonObject, objectMember, stringMember } from '../../src/model/json.ts';
import { connectSession } from './bench/era-client.ts';
import { type BenchConfig, type BenchGateway, benchGateway } from './bench/gateway.ts';
import type { Answered } from './bench/http.ts';
import { decisionKey, modernClient } from './bench/modern-client.ts';
import { modernUpstream, tool } from './bench/modern-upstream.ts';
import { verifies } from './verifies.ts';

const upstream = await modernUpstream(
  { after },
  {
    tools: [tool('read'), tool('fail'), tool('odd'), tool('stream')],
    on: {
      'tools/call': ({ message }, answer) => {
        const name = objectMember(message, 'params')?.['name'];
        if (name === 'fail') return answer.bytes('broken', 500);
        if (name === 'odd') return answer.bytes('{"jsonrpc":"2.0","id":1,"result":{},"result":{}}');
        if (name !== 'stream')
          return answer.result({ resultType: 'complete', content: [{ type: 'text', text: 'RESULT' }] });
        const stream = answer.stream();
        const params = { progressToken: 'p', progress: 1, message: 'RESULT' };
        stream.send({ jsonrpc: '2.0', method: 'notifications/progress', params });
        stream.send({
          jsonrpc: '2.0',
          id: message['id'] ?? null,
          result: { resultType: 'complete', content: [] },
        });
        stream.end();
      },
    },
  },
);
const config: BenchConfig = {
  servers: { files: upstream.url },
  policy: `@id("all") permit (principal, action, resource);
    @id("no-etc") forbid (principal, action == Action::"files:read", resource)
    when { context.arguments has path && context.arguments.path like "/etc/*" };`,
};

/** Takes the log away under the running gateway, and puts something in its place that cannot be written. */
async function breakLog({ directory }: BenchGateway): Promise<readonly string[]> {
  const audit = join(directory, 'audit');
  const names = (await readdir(audit)).filter((name) => name.endsWith('.jsonl'));
  const segments = names.map((name) => join(audit, name));
  for (const segment of segments) {
    // At once, so that the gateway cannot put a new file there in between.
    rmSync(segment);
    mkdirSync(segment);
  }
  return segments;
}

function resultOf({ message }: Answered): JsonObject | undefined {
  return objectMember(message, 'result');
}

verifies(
  'G1',
  'no record, no release: neither a result nor a list nor a denial leaves when the log fails',
  async (t) => {
    const gateway = await benchGateway(t, config);
    const client = await modernClient(gateway, { path: '/mcp/files' });
    assert.match((await client.send('tools/call', { name: 'read', arguments: {} })).text, /RESULT/);
    await breakLog(gateway);
    for (const [method, params] of [
      ['tools/call', { name: 'read', arguments: {} }],
      ['tools/call', { name: 'read', arguments: { path: '/etc/x' } }],
      ['tools/call', { name: 'none', arguments: {} }],
      ['tools/list', {}],
      ['server/discover', {}],
    ] as const) {
      const answer = await client.send(method, params);
      assert.equal(answer.status, 503, `${method}: ${answer.text}`);
      assert.doesNotMatch(answer.text, /RESULT|read|policy does not|Unknown/);
      const data = objectMember(objectMember(answer.message, 'error'), 'data');
      assert.equal(data?.['denial'], 'record_failed');
      assert.match(String(data['remedy']), /audit log/);
    }
  },
);

verifies('G1', 'no record, no release: no event of a stream leaves either', async (t) => {
  const gateway = await benchGateway(t, config);
  const client = await modernClient(gateway, { path: '/mcp/files' });
  await client.send('tools/list');
  await breakLog(gateway);
  const answer = await client.send(
    'tools/call',
    { name: 'stream', arguments: {} },
    { meta: { progressToken: 'p' } },
  );
  assert.doesNotMatch(answer.text, /RESULT/);
  assert.match(answer.text, /record_failed/);
});

verifies('G1', 'once the log can be written again, calls are served and recorded again', async (t) => {
  const gateway = await benchGateway(t, config);
  const client = await modernClient(gateway, { path: '/mcp/files' });
  await client.send('tools/list');
  const segments = await breakLog(gateway);
  assert.equal((await client.send('tools/call', { name: 'read', arguments: {} })).status, 503);
  await Promise.all(segments.map((segment) => rmdir(segment)));
  const answer = await client.send('tools/call', { name: 'read', arguments: { path: '/etc/x' } });
  const id = stringMember(objectMember(resultOf(answer), '_meta'), decisionKey) ?? 'none';
  assert.ok(
    (await gateway.records()).some((record) => record['id'] === id),
    answer.text,
  );
});

verifies(
  'G1',
  'the named option `relaxed` trades the record for the answer, and nothing else does',
  async (t) => {
    const gateway = await benchGateway(t, { ...config, audit: { sync: 'relaxed' } });
    const client = await modernClient(gateway, { path: '/mcp/files' });
    await client.send('tools/list');
    await breakLog(gateway);
    assert.match((await client.send('tools/call', { name: 'read', arguments: {} })).text, /RESULT/);
  },
);

verifies('G1', 'a record stands in the log before its result reaches the client', async (t) => {
  const gateway = await benchGateway(t, config);
  const client = await modernClient(gateway, { path: '/mcp/files' });
  for (let n = 0; n < 20; n++) {
    const answer = await client.send('tools/call', { name: 'read', arguments: { path: `/etc/${n}` } });
    const id = stringMember(objectMember(resultOf(answer), '_meta'), decisionKey) ?? '';
    assert.ok((await gateway.log()).includes(`"${id}"`), `decision ${n} was told before it was written`);
  }
});

/** What every decision record says. */
const demanded: readonly string[] = [
  'id',
  'at',
  'decision',
  'environment',
  'policies',
  'obligations',
  'latencyUs',
];

verifies(
  'G1',
  'every decision of a busy run is in the log exactly once, and every permit has exactly one outcome',
  async (t) => {
    const gateway = await benchGateway(t, config);
    const client = await modernClient(gateway, { path: '/mcp/files' });
    const aggregate = await modernClient(gateway);
    await client.send('tools/list');
    const before = (await gateway.records()).filter(({ kind }) => kind === 'decision').length;
    const orders: readonly (readonly [string, JsonObject])[] = [
      ['tools/call', { name: 'read', arguments: {} }],
      ['tools/call', { name: 'read', arguments: { path: '/etc/x' } }],
      ['tools/call', { name: 'none', arguments: {} }],
      ['tools/call', { name: 'fail', arguments: {} }],
      ['tools/call', { name: 'odd', arguments: {} }],
      ['tools/list', {}],
      ['server/discover', {}],
      ['nothing/at-all', {}],
    ];
    const rounds = 25;
    const answers = await Promise.all(
      Array.from({ length: rounds }, () =>
        orders.map(([method, params]) => client.send(method, params)),
      ).flat(),
    );
    const anonymous = await aggregate.send('tools/list', {}, { headers: { authorization: undefined } });
    assert.equal(anonymous.status, 401);
    const records = await gateway.records();
    const decisions = records.filter(({ kind }) => kind === 'decision').slice(before);
    assert.equal(decisions.length, rounds * orders.length + 1);
    const ids = decisions.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);

    const told = answers.flatMap((answer) => {
      const inError = objectMember(objectMember(answer.message, 'error'), 'data')?.['decision'];
      return inError ?? objectMember(resultOf(answer), '_meta')?.[decisionKey] ?? [];
    });
    assert.equal(told.length, rounds * 5, 'every refusal names its decision');
    for (const id of told) assert.equal(ids.filter((one) => one === id).length, 1);

    const outcomes = records.filter(({ kind }) => kind === 'outcome').map(({ id }) => id);
    for (const { id, decision } of decisions)
      assert.equal(outcomes.filter((one) => one === id).length, decision === 'permit' ? 1 : 0);
    assert.deepEqual(
      records.map(({ seq }) => seq),
      records.map((_, at) => at + 1),
    );
  },
);

verifies(
  'G1',
  'a decision record says who, through what, did what on what, where, and by which policy',
  async (t) => {
    const gateway = await benchGateway(t, config);
    const token = await gateway.token({ agent: 'builder', roles: ['developer'] });
    const client = await modernClient(gateway, { path: '/mcp/files', token });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await client.send('tools/call', { name: 'read', arguments: {} }, { meta: { traceparent } });
    await client.send('tools/call', { name: 'read', arguments: { path: '/etc/x' } });
    const decisions = (await gateway.records()).filter(({ action }) => action === 'files:read');
    assert.equal(decisions.length, 2);
    const [permit, deny] = decisions;
    for (const record of decisions) {
      for (const member of demanded) assert.notEqual(record[member], undefined, member);
      assert.deepEqual(record['subject'], {
        user: 'owner',
        issuer: 'urn:bartizan:owner',
        roles: ['developer'],
        agent: 'builder',
        device: { managed: true },
      });
      assert.deepEqual(record['resource'], { id: 'files:read', tags: {} });
      assert.deepEqual(record['environment'], {
        peer: '127.0.0.1',
        endpoint: `${gateway.url}/mcp/files`,
        revision: '2026-07-28',
      });
      assert.match(String(record['traceId']), /^[0-9a-f]{32}$/);
      assert.match(String(record['request']), /^[\w-]{43}$/);
      assert.ok(Number.isSafeInteger(record['latencyUs']));
    }
    assert.deepEqual(
      [permit?.['decision'], permit?.['policies'], permit?.['traceId']],
      ['permit', ['all'], '0af7651916cd43dd8448eb211c80319c'],
    );
    assert.deepEqual(
      [deny?.['decision'], deny?.['policies'], deny?.['denial'], deny?.['stage']],
      ['deny', ['no-etc'], 'policy_denied', 'authorize'],
    );
  },
);

verifies('G1', 'calls of legacy sessions are recorded alike, with the revision they spoke', async (t) => {
  const gateway = await benchGateway(t, config);
  const session = await connectSession(gateway, '2025-03-26', {
    path: '/mcp/files',
    token: await gateway.token(),
  });
  await session.request('tools/call', { name: 'read', arguments: {} });
  const record = (await gateway.records()).find(({ action }) => action === 'files:read');
  assert.equal(objectMember(record, 'environment')?.['revision'], '2025-03-26');
});
