import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findTarget } from '../../src/cli/stdio/target.ts';
import { runStdio } from '../../src/cli/stdio.ts';
import { type Answer, result, type Seen, startBench, startStub } from './bridge-bench.ts';

const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const limit = { timeout: 10_000 };

const initialize = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};

const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' };

const _meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

function modern(id: string | number, method: string, params: object = {}): object {
  return { jsonrpc: '2.0', id, method, params: { ...params, _meta } };
}

function asks(method: string): (seen: Seen) => boolean {
  return ({ body }) => body.includes(`"method":"${method}"`);
}

test(
  'keeps the session of a legacy client, opens its stream, and ends both with the input',
  limit,
  async (t) => {
    const bench = await startBench(t, ({ method, body }, response) => {
      if (method === 'DELETE') response.writeHead(200).end();
      else if (method === 'GET') {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        response.write('data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n');
      } else if (asks('initialize')({ body } as Seen))
        result(response, body, { protocolVersion: '2025-06-18' }, { 'Mcp-Session-Id': 'session-1' });
      else if (body.includes('"id"')) result(response, body, { tools: [] });
      else response.writeHead(202).end();
    });
    bench.say(initialize);
    assert.equal((await bench.hear())['id'], 0);
    bench.say(initialized);
    assert.equal((await bench.hear())['method'], 'notifications/tools/list_changed');
    bench.say({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    assert.equal((await bench.hear())['id'], 1);
    await bench.hangUp();
    const [first, ...later] = bench.seen;
    assert.equal(first?.headers['mcp-session-id'], undefined);
    assert.equal(first?.headers.authorization, 'Bearer test-token');
    assert.deepEqual(
      later.map(({ method, headers }) => [
        method,
        headers['mcp-session-id'],
        headers['mcp-protocol-version'],
      ]),
      ['POST', 'GET', 'POST', 'DELETE'].map((method) => [method, 'session-1', '2025-06-18']),
    );
  },
);

test(
  'passes a request of the server on while the call runs, and sends the answer of the client',
  limit,
  async (t) => {
    let finish = (): void => undefined;
    const bench = await startBench(t, ({ body }, response) => {
      if (!asks('tools/call')({ body } as Seen)) {
        response.writeHead(202).end();
        finish();
        return;
      }
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('data: {"jsonrpc":"2.0","id":"s1","method":"roots/list"}\n\n');
      finish = () => response.end('data: {"jsonrpc":"2.0","id":7,"result":{"content":[]}}\n\n');
    });
    bench.say({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'ask' } });
    assert.deepEqual(await bench.hear(), { jsonrpc: '2.0', id: 's1', method: 'roots/list' });
    bench.say({ jsonrpc: '2.0', id: 's1', result: { roots: [] } });
    assert.equal((await bench.hear())['id'], 7);
    assert.equal(bench.seen[1]?.body, '{"jsonrpc":"2.0","id":"s1","result":{"roots":[]}}');
  },
);

test(
  'mirrors a modern message in headers, with the arguments that the schema of the tool names',
  limit,
  async (t) => {
    const tool = {
      name: 'café',
      inputSchema: { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } },
    };
    const bench = await startBench(t, ({ body }, response) => result(response, body, { tools: [tool] }));
    bench.say(modern(1, 'tools/list'));
    await bench.hear();
    bench.say(modern(2, 'tools/call', { name: 'café', arguments: { region: ' eu' } }));
    await bench.hear();
    const { headers } = await bench.sees(asks('tools/call'));
    assert.equal(headers['mcp-protocol-version'], '2026-07-28');
    assert.equal(headers['mcp-method'], 'tools/call');
    assert.equal(headers['mcp-name'], '=?base64?Y2Fmw6k=?=');
    assert.equal(headers['mcp-param-region'], '=?base64?IGV1?=');
    assert.equal(headers['mcp-session-id'], undefined);
  },
);

test(
  'asks for the tools when a client calls one from memory whose arguments must be mirrored',
  limit,
  async (t) => {
    const tool = {
      name: 'query',
      inputSchema: { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } },
    };
    const bench = await startBench(t, ({ body, headers }, response) => {
      if (asks('tools/list')({ body } as Seen)) return result(response, body, { tools: [tool] });
      if (headers['mcp-param-region'] === 'eu') return result(response, body, { content: [] });
      response.writeHead(400, { 'Content-Type': 'application/json' });
      response.end('{"jsonrpc":"2.0","id":1,"error":{"code":-32020,"message":"mirror"}}');
    });
    bench.say(modern(1, 'tools/call', { name: 'query', arguments: { region: 'eu' } }));
    assert.deepEqual(await bench.hear(), { jsonrpc: '2.0', id: 1, result: { content: [] } });
    assert.equal(bench.seen.length, 3);
  },
);

test('cancels a modern request by closing its response, and says nothing more of it', limit, async (t) => {
  let closed = (): void => undefined;
  const gone = new Promise<void>((resolve) => (closed = resolve));
  const bench = await startBench(t, ({ body }, response) => {
    if (asks('tools/call')({ body } as Seen)) response.on('close', closed);
    else result(response, body, {});
  });
  bench.say(modern(1, 'tools/call', { name: 'slow' }));
  await bench.sees(asks('tools/call'));
  bench.say({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
  await gone;
  bench.say(modern(2, 'server/discover'));
  assert.equal((await bench.hear())['id'], 2);
  assert.equal(bench.seen.length, 2);
});

test(
  'sends the cancellation of a legacy request, because a closed response would not cancel it',
  limit,
  async (t) => {
    const bench = await startBench(t, ({ body }, response) => {
      if (asks('notifications/cancelled')({ body } as Seen)) response.writeHead(202).end();
    });
    bench.say({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'slow' } });
    await bench.sees(asks('tools/call'));
    const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } };
    bench.say(cancelled);
    const { body } = await bench.sees(asks('notifications/cancelled'));
    assert.deepEqual(JSON.parse(body), cancelled);
  },
);

test('answers with the id of the request when its session has ended', limit, async (t) => {
  const bench = await startBench(t, (_seen, response) => {
    response.writeHead(404, { 'Content-Type': 'application/json' });
    response.end(
      '{"jsonrpc":"2.0","error":{"code":-32600,"message":"x","data":{"denial":"session_unknown"}}}',
    );
  });
  bench.say({ jsonrpc: '2.0', id: 'a', method: 'tools/list' });
  const { id, error } = await bench.hear();
  assert.equal(id, 'a');
  assert.match(JSON.stringify(error), /session with the gateway has ended; reconnect/);
});

test('answers with an error when the gateway breaks off', limit, async (t) => {
  const bench = await startBench(t, (_seen, response) => response.destroy());
  bench.say({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
  assert.match(JSON.stringify(await bench.hear()), /"id":1.*closed the connection before it answered/);
});

test('answers with an error when the gateway is not there', limit, async (t) => {
  const bench = await startBench(t, () => undefined, { url: 'http://127.0.0.1:9/mcp' });
  bench.say({ jsonrpc: '2.0', id: 2, method: 'tools/list' });
  assert.match(JSON.stringify(await bench.hear()), /"id":2.*start it with `bartizan up`/);
});

test('answers a line that is no message, and goes on', limit, async (t) => {
  const bench = await startBench(t, ({ body }, response) => result(response, body, {}));
  bench.say('nonsense' as unknown as object);
  bench.say({ jsonrpc: '2.0', id: 3, method: 'ping' });
  const heard = [await bench.hear(), await bench.hear()];
  assert.match(JSON.stringify(heard[0]), /-32700/);
  assert.equal(heard[1]?.['id'], 3);
});

test('writes an answer of many lines as one, and large integers as they came', limit, async (t) => {
  const bench = await startBench(t, (_seen, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end('{\n  "jsonrpc": "2.0",\r\n  "id": 1,\n  "result": { "n": 12345678901234567890 }\n}\n');
  });
  bench.say({ jsonrpc: '2.0', id: 1, method: 'ping' });
  assert.match(await bench.hearLine(), /^\{ {3}"jsonrpc": "2.0",.*"n": 12345678901234567890.*\} $/);
});

/** A state directory as a running gateway leaves it. */
async function stateOf(t: TestContext, url: string, endpoints: Record<string, string> = {}): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'bartizan-stdio-'));
  t.after(() => rm(home, { recursive: true }));
  const tokenFile = join(home, 'owner.token');
  await writeFile(tokenFile, 'owner-token\n');
  const running = { pid: process.pid, url, endpoints, tokenFile, startedAt: '' };
  await writeFile(join(home, 'gateway.json'), JSON.stringify(running));
  return home;
}

test(
  'gives the token of the owner to no other address than that of the running gateway',
  limit,
  async (t) => {
    const url = 'http://127.0.0.1:2/mcp';
    const foreign = await findTarget({ url, stateDirectory: await stateOf(t, 'http://127.0.0.1:1') });
    assert.equal(foreign.token, undefined);
    const own = await findTarget({ url, stateDirectory: await stateOf(t, 'http://127.0.0.1:2') });
    assert.equal(own.token, 'owner-token');
  },
);

test('reads the token again when the gateway was started anew', limit, async (t) => {
  const stub = await startStub(t, ({ headers, body }, response) => {
    if (headers.authorization === 'Bearer second') result(response, body, {});
    else response.writeHead(401).end();
  });
  const stateDirectory = await stateOf(t, new URL(stub.url).origin);
  const [input, output] = [new PassThrough(), new PassThrough()];
  const running = runStdio({ stateDirectory, input, output });
  input.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
  assert.match(String(await once(output, 'data')), /does not accept the access token/);
  await writeFile(join(stateDirectory, 'owner.token'), 'second\n');
  input.write('{"jsonrpc":"2.0","id":2,"method":"ping"}\n');
  assert.match(String(await once(output, 'data')), /"id":2,"result"/);
  input.end();
  assert.equal(await running, 0);
});

test('finds the endpoint of one server, and says which there are', limit, async (t) => {
  const endpoints = { files: 'http://127.0.0.1:1/mcp/files' };
  const stateDirectory = await stateOf(t, 'http://127.0.0.1:1', endpoints);
  const { url } = await findTarget({ stateDirectory, server: 'files' });
  assert.equal(url.href, endpoints.files);
  await assert.rejects(findTarget({ stateDirectory, server: 'mail' }), /no server `mail`; it has: files/);
  await assert.rejects(findTarget({ url: 'ftp://x' }), /not an http or https URL/);
});

test('says what to do when no gateway runs here', limit, async () => {
  const nowhere = runStdio({ stateDirectory: '/nowhere' });
  await assert.rejects(nowhere, /no gateway runs .* start one with `bartizan up`/);
});

/** A gateway that serves one session and never answers a tool call. */
const oneSession: Answer = ({ method, body }, response) => {
  if (asks('initialize')({ body } as Seen))
    result(response, body, { protocolVersion: '2025-11-25' }, { 'Mcp-Session-Id': 's' });
  else if (method === 'DELETE') response.writeHead(200).end();
};

for (const [how, leave] of [
  ['its input ends', (child: ChildProcessByStdio<Writable, Readable, null>) => void child.stdin.end()],
  ['it is told to', (child: ChildProcessByStdio<Writable, Readable, null>) => void child.kill('SIGTERM')],
] as const) {
  test(
    `as a process, ends the session and itself when ${how}, though a call is running`,
    limit,
    async (t) => {
      const stub = await startStub(t, oneSession);
      const env = { ...process.env, BARTIZAN_URL: stub.url, BARTIZAN_TOKEN: 'from-environment' };
      const child = spawn(process.execPath, [cli, 'stdio'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
      t.after(() => child.kill('SIGKILL'));
      const exited = once(child, 'exit');
      child.stdin.write(`${JSON.stringify(initialize)}\n`);
      const [first] = (await once(child.stdout, 'data')) as [Buffer];
      assert.equal(JSON.parse(first.toString()).id, 0);
      child.stdin.write('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow"}}\n');
      const { headers } = await stub.sees(asks('tools/call'));
      assert.equal(headers.authorization, 'Bearer from-environment');
      leave(child);
      assert.deepEqual(await exited, [0, null]);
      assert.equal(stub.seen.at(-1)?.method, 'DELETE');
      assert.equal(child.stdout.read(), null);
    },
  );
}
