import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { type Caller, callerOf, connect } from './connect.ts';
import { type RealGateway, startGateway } from './gateway.ts';
import { freePort, type Program, startOnPort } from './program.ts';
import { npmServers } from './software.ts';

const limit = { timeout: 30_000 };
const starter = fileURLToPath(new URL('port-from-argument-process.ts', import.meta.url));
const everything = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
);
/** Servers that can do the same, each behind a transport of its own. */
const same = ['sse', 'streamable', 'super-sse', 'super-http'] as const;

let folder: string;
let programs: readonly Program[] = [];
let gateway: RealGateway;
let caller: Caller;

before(async () => {
  folder = await npmServers.install();
  const [sse, http, superSse, superHttp] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  programs = await Promise.all([
    startOnPort(sse, process.execPath, [starter, String(sse), everything, 'sse']),
    startOnPort(http, process.execPath, [starter, String(http), everything, 'streamableHttp']),
    supergateway(superSse, 'sse'),
    supergateway(superHttp, 'streamableHttp', '--stateful'),
  ]);
  gateway = await startGateway({
    servers: {
      sse: { url: `http://127.0.0.1:${sse}/sse` },
      streamable: { url: `http://127.0.0.1:${http}/mcp` },
      'super-sse': { url: `http://127.0.0.1:${superSse}/sse` },
      'super-http': { url: `http://127.0.0.1:${superHttp}/mcp` },
      thinking: { command: process.execPath, args: [program('server-sequential-thinking')] },
    },
  });
  caller = await connect(`${gateway.origin}/mcp`, gateway.token);
});

after(async () => {
  await caller?.close();
  await gateway?.stop();
  await Promise.all(programs.map((each) => each.stop()));
});

function program(name: string): string {
  return join(folder, 'node_modules/@modelcontextprotocol', name, 'dist/index.js');
}

/** A gateway of somebody else that turns a stdio server into an HTTP one. */
function supergateway(port: number, transport: string, ...more: readonly string[]): Promise<Program> {
  const script = join(folder, 'node_modules/supergateway/dist/index.js');
  const stdio = `"${process.execPath}" "${everything}" stdio`;
  const args = ['--stdio', stdio, '--outputTransport', transport, '--port', String(port), ...more];
  return startOnPort(port, process.execPath, [script, ...args]);
}

for (const server of same)
  test(`a tool of the server behind ${server} is listed and called`, limit, async () => {
    assert.ok((await caller.tools()).includes(`${server}__echo`));
    assert.match(await caller.call(`${server}__echo`, { message: 'hello' }), /Echo: hello/);
    const heard: number[] = [];
    const operation = {
      name: `${server}__trigger-long-running-operation`,
      arguments: { duration: 0.3, steps: 3 },
    };
    const done = await caller.sdk.callTool(operation, {
      onprogress: ({ progress }) => heard.push(progress),
    });
    assert.match(JSON.stringify(done), /operation completed/);
    // A client may drop the last one when it reads it together with the answer.
    assert.ok(heard.length >= 2);
  });

test('a server that keeps a state over calls keeps it', limit, async () => {
  const think = (thoughtNumber: number): Promise<string> =>
    caller.call('thinking__sequentialthinking', {
      thought: `thought ${thoughtNumber}`,
      nextThoughtNeeded: true,
      thoughtNumber,
      totalThoughts: 3,
    });
  assert.match(await think(1), /"thoughtHistoryLength":1/);
  assert.match(await think(2), /"thoughtHistoryLength":2/);
});

for (const strategy of ['http-only', 'sse-only'])
  test(`the bridge mcp-remote reaches the gateway with ${strategy}`, limit, async (t) => {
    const url = `${gateway.origin}/${strategy === 'sse-only' ? 'sse' : 'mcp'}`;
    const script = join(folder, 'node_modules/mcp-remote/dist/proxy.js');
    const header = ['--header', `Authorization:Bearer ${gateway.token}`];
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [script, url, '--transport', strategy, '--allow-http', '--silent', ...header],
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: folder,
        MCP_REMOTE_CONFIG_DIR: join(folder, 'mcp-remote'),
      },
      stderr: 'pipe',
    });
    const sdk = new Client({ name: 'real', version: '1.0.0' });
    await sdk.connect(transport);
    const remote = callerOf(sdk);
    t.after(remote.close);
    assert.ok((await remote.tools()).includes('thinking__sequentialthinking'));
    assert.match(await remote.call('streamable__echo', { message: 'hello' }), /Echo: hello/);
  });
