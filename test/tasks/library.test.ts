import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import type { Gateway } from '../../src/control/gateway-contract.ts';
import { loadSettings } from '../../src/control/load-settings.ts';
import { startGateway } from '../../src/gateway.ts';
import { openTask, type Task, TaskError, type TaskOrder } from '../../src/task/index.ts';

/** The client library against a whole gateway, with the official SDK as the MCP client and the owner as the user. */

const everything = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
);

interface Site {
  readonly gateway: Gateway;
  readonly open: (order?: Partial<TaskOrder>) => Promise<Task>;
  readonly client: (task: Task) => Promise<Client>;
}

async function site(t: TestContext, more: object = {}): Promise<Site> {
  const directory = await mkdtemp(join(tmpdir(), 'bartizan-task-'));
  const config = {
    listen: { port: 0 },
    servers: { everything: { command: process.execPath, args: [everything] } },
    state: { directory: join(directory, 'state') },
    ...more,
  };
  await writeFile(join(directory, 'bartizan.json'), JSON.stringify(config));
  const { settings } = await loadSettings(join(directory, 'bartizan.json'));
  const gateway = await startGateway(settings, {});
  t.after(async () => {
    await gateway.stop();
    await rm(directory, { recursive: true, force: true });
  });
  const resource = `${gateway.url}/mcp/everything`;
  return {
    gateway,
    open: (order = {}) =>
      openTask({ resource, subjectToken: gateway.token?.value ?? '', agent: 'local', ...order }),
    client: async (task) => {
      const client = new Client({ name: 'test', version: '1.0.0' });
      await client.connect(new StreamableHTTPClientTransport(new URL(resource), { fetch: task.fetch }));
      t.after(() => client.close());
      return client;
    },
  };
}

const echo = { name: 'echo', arguments: { message: 'hello' } };

async function refusedCode(opening: Promise<Task>): Promise<string> {
  const fault = await opening.then(
    () => assert.fail('the task was granted'),
    (error: unknown) => error,
  );
  assert.ok(fault instanceof TaskError, String(fault));
  return fault.code;
}

test('a client calls in a task, and nothing but what the task is for', async (t) => {
  const { open, client } = await site(t);
  const task = await open({ actions: ['everything:echo'], purpose: 'say hello' });
  const mcp = await client(task);
  const { tools } = await mcp.listTools();
  assert.deepEqual(
    tools.map(({ name }) => name),
    ['echo'],
  );
  const { content } = await mcp.callTool(echo);
  assert.deepEqual(content, [{ type: 'text', text: 'Echo: hello' }]);
  await assert.rejects(mcp.callTool({ name: 'get-sum', arguments: { a: 1, b: 2 } }), /Unknown tool/);
});

test('a task has as many calls as it was granted', async (t) => {
  const { open, client } = await site(t);
  const mcp = await client(await open({ actions: ['everything:echo'], calls: 2 }));
  await mcp.callTool(echo);
  await mcp.callTool(echo);
  const third = await mcp.callTool(echo);
  assert.equal(third.isError, true);
  assert.match(JSON.stringify(third.content), /budget of the task is used up/);
});

test('a task that has ended is over at once, for its holder and for what was delegated from it', async (t) => {
  const { open, client } = await site(t);
  const task = await open();
  const mcp = await client(task);
  await mcp.callTool(echo);
  await task.end();
  await task.end();
  await assert.rejects(mcp.callTool(echo));
});

test('the token is of no use without the key', async (t) => {
  const { open, gateway } = await site(t);
  const { token } = await open();
  for (const scheme of ['Bearer', 'DPoP']) {
    const response = await fetch(`${gateway.url}/mcp/everything`, {
      method: 'POST',
      headers: {
        authorization: `${scheme} ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    });
    assert.equal(response.status, 401, scheme);
    assert.match(response.headers.get('www-authenticate') ?? '', /DPoP/);
  }
});

test('a task that is not granted says why', async (t) => {
  const { open } = await site(t);
  const orders: readonly Partial<TaskOrder>[] = [
    { actions: ['nothing:at_all'] },
    { agent: 'stranger' },
    { subjectToken: 'no token' },
    { template: 'unknown' },
  ];
  const codes: string[] = [];
  for (const order of orders) codes.push(await refusedCode(open(order)));
  assert.deepEqual(codes, ['access_denied', 'invalid_client', 'invalid_grant', 'invalid_scope']);
});

test('a server that demands nonces gets them without the client knowing', async (t) => {
  const { open, client } = await site(t, { identity: { proof: { nonce: 'required' } } });
  const mcp = await client(await open());
  assert.equal((await mcp.callTool(echo)).isError, undefined);
});

test('servers verify the token of a task by the keys of the gateway, as JWK set or as SPIFFE bundle', async (t) => {
  const { open, gateway } = await site(t);
  const { token, id } = await open();
  for (const place of ['/as/jwks', '/as/spiffe-bundle']) {
    const set = (await (await fetch(gateway.url + place)).json()) as JSONWebKeySet;
    // A bundle says `use: jwt-svid`, which verifiers of OAuth tokens do not know.
    const keys = set.keys.map(({ use: _, ...key }) => key);
    const { payload } = await jwtVerify(token, createLocalJWKSet({ keys }), { issuer: `${gateway.url}/as` });
    assert.equal(payload['txn'], id, place);
    assert.ok(set.keys.some(({ kid }) => kid === decodeProtectedHeader(token).kid));
  }
});
