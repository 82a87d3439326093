import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { arrayMember, type JsonObject, objectMember } from '../../src/model/json.ts';
import { clientEras, connectEra, type EraClient } from './bench/era-client.ts';
import { benchGateway } from './bench/gateway.ts';
import { modernSample, sessionSample, sseSample, stdioSample } from './bench/sample-upstreams.ts';
import { scriptedUpstream } from './bench/scripted-upstream.ts';
import { verifies } from './verifies.ts';

const directory = await mkdtemp(join(tmpdir(), 'bartizan-eras-'));
after(() => rm(directory, { recursive: true, force: true }));
const notes = (era: string): string => join(directory, `${era}.jsonl`);

const [modern, session, sse] = [
  await modernSample({ after }),
  await sessionSample({ after }),
  await sseSample({ after }),
];
/** Nothing tells the gateway which era a server speaks. */
const servers: Readonly<Record<string, JsonObject>> = {
  'modern-http': { url: modern.url },
  'session-http': { url: session.url },
  'http-sse': { url: sse.url },
  'modern-stdio': { ...stdioSample('modern', notes('modern')), era: 'auto' },
  'legacy-stdio': { ...stdioSample('legacy', notes('legacy')), era: 'auto' },
};
const gateway = await benchGateway({ after }, { servers });
const token = await gateway.token();

function textOf(response: JsonObject): string {
  const content = objectMember(response, 'result')?.['content'];
  return String((Array.isArray(content) ? (content[0] as JsonObject) : {})['text']);
}

function errorCode(response: JsonObject): unknown {
  return objectMember(response, 'error')?.['code'];
}

async function withClient(
  revision: string,
  server: string,
  run: (client: EraClient) => Promise<void>,
): Promise<void> {
  const client = await connectEra(gateway, revision, { path: `/mcp/${server}`, token });
  try {
    await run(client);
  } finally {
    client.close();
  }
}

for (const server of Object.keys(servers)) {
  for (const revision of clientEras) {
    const ids = [
      'L2',
      ...(server === 'http-sse' || revision === '2024-11-05' ? ['L3'] : []),
      ...(server.endsWith('stdio') ? ['L4'] : []),
    ];
    verifies(ids, `a client of ${revision} uses ${server}: list, call, read, prompt, not found`, () =>
      withClient(revision, server, async ({ request }) => {
        const listed = objectMember((await request('tools/list')).response, 'result');
        assert.deepEqual(
          arrayMember(listed, 'tools')?.map((item) => (item as JsonObject)['name']),
          ['echo', 'slow', 'ask'],
        );
        assert.equal(listed?.['cacheScope'], revision === '2026-07-28' ? 'private' : undefined);
        const echoed = await request('tools/call', { name: 'echo', arguments: { a: 'é' } });
        assert.equal(textOf(echoed.response), '{"a":"é"}');
        const read = objectMember(
          (await request('resources/read', { uri: 'sample:///of/7' })).response,
          'result',
        );
        assert.deepEqual(read?.['contents'], [{ uri: 'sample:///of/7', text: 'content of sample:///of/7' }]);
        const prompted = objectMember((await request('prompts/get', { name: 'greet' })).response, 'result');
        assert.equal(arrayMember(prompted, 'messages')?.length, 1);
        assert.equal(
          errorCode((await request('tools/call', { name: 'none', arguments: {} })).response),
          -32602,
        );
        const missing = errorCode((await request('resources/read', { uri: 'sample:///none' })).response);
        assert.equal(missing, revision === '2026-07-28' ? -32602 : -32002);
      }),
    );

    verifies(ids, `a client of ${revision} sees the progress of ${server} in order`, () =>
      withClient(revision, server, async ({ request }) => {
        const { response, notifications } = await request('tools/call', {
          name: 'slow',
          arguments: {},
          _meta: { progressToken: 'mine' },
        });
        assert.equal(textOf(response), 'slowly done');
        assert.deepEqual(
          notifications.map(({ params }) => [
            (params as JsonObject)['progressToken'],
            (params as JsonObject)['progress'],
          ]),
          [
            ['mine', 1],
            ['mine', 2],
            ['mine', 3],
          ],
        );
      }),
    );

    verifies(
      [...ids, ...(server.startsWith('modern') && revision === '2026-07-28' ? ['M6'] : [])],
      `a client of ${revision} answers a question of ${server}`,
      () =>
        withClient(revision, server, async ({ request }) => {
          const { response } = await request('tools/call', { name: 'ask', arguments: {} });
          assert.equal(textOf(response), 'hello Ada');
        }),
    );
  }
}

verifies('L4', 'a stdio server is one process, however many clients of its principal call', async () => {
  for (const era of ['modern', 'legacy']) {
    const lines = (await readFile(notes(era), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as JsonObject);
    const started = lines.filter(({ started: is }) => is === true);
    // A session of older revisions is also one of its capabilities: lists are read with all, calls with the client's.
    assert.ok(started.length <= (era === 'modern' ? 2 : 4), `${started.length} processes`);
    assert.doesNotMatch(JSON.stringify(lines), new RegExp(token.slice(-20)));
  }
});

verifies('L2', 'on the aggregate endpoint one client uses servers of every era', async () => {
  const client = await connectEra(gateway, '2026-07-28', { path: '/mcp', token });
  for (const server of Object.keys(servers)) {
    const { response } = await client.request('tools/call', {
      name: `${server}__echo`,
      arguments: { server },
    });
    assert.equal(textOf(response), JSON.stringify({ server }));
  }
});

for (const status of [401, 403]) {
  verifies('L5', `an upstream that answers ${status} is not taken for one of an older era`, async (t) => {
    const barred = await scriptedUpstream(t, (_, answer) =>
      answer.bytes('', status, { 'www-authenticate': 'Bearer' }),
    );
    const own = await benchGateway(t, { servers: { barred: { url: barred.url } } });
    const client = await connectEra(own, '2026-07-28', { path: '/mcp/barred', token: await own.token() });
    const { response } = await client.request('tools/list');
    assert.ok(response['error'], JSON.stringify(response));
    const methods = barred.requests.map(
      ({ method, message }) => `${method} ${String(message['method'] ?? '')}`,
    );
    assert.ok(!methods.includes('POST initialize'), methods.join());
    assert.ok(!methods.some((one) => one.startsWith('GET')), methods.join());
  });
}
