import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { type Gateway, startGateway } from './gateway.ts';

const limit = { timeout: 30_000 };
const run = promisify(execFile);
const inspector = createRequire(import.meta.url).resolve(
  '@modelcontextprotocol/inspector/clients/launcher/build/index.js',
);
let gateway: Gateway;

before(async () => {
  gateway = await startGateway({});
});

after(() => gateway.stop());

/** What the Inspector prints, which is the result of the method. */
async function inspect(...args: readonly string[]): Promise<Record<string, unknown>> {
  // The Inspector keeps a catalog in the home directory.
  const env = { PATH: process.env['PATH'], HOME: gateway.home, MCP_STORAGE_DIR: gateway.home };
  const { stdout } = await run(process.execPath, [inspector, '--cli', ...args], { env });
  return JSON.parse(stdout) as Record<string, unknown>;
}

function overHttp(...args: readonly string[]): Promise<Record<string, unknown>> {
  const header = `Authorization: Bearer ${gateway.token}`;
  return inspect(gateway.url, '--transport', 'http', '--header', header, ...args);
}

function overStdio(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { command, args: program, env } = gateway.bridge;
  return inspect(command, ...program, '-e', `BARTIZAN_HOME=${env['BARTIZAN_HOME']}`, ...args);
}

for (const [way, reach] of [
  ['Streamable HTTP', overHttp],
  ['the stdio bridge', overStdio],
] as const) {
  test(`the Inspector lists and calls tools through ${way}`, limit, async () => {
    const [listed, called] = await Promise.all([
      reach('--method', 'tools/list'),
      reach('--method', 'tools/call', '--tool-name', 'everything__echo', '--tool-arg', 'message=hello'),
    ]);
    assert.match(JSON.stringify(listed), /"everything__echo"/);
    assert.match(JSON.stringify(called), /Echo: hello/);
  });
}

test('the Inspector is turned away without a token', limit, async () => {
  await assert.rejects(inspect(gateway.url, '--transport', 'http', '--method', 'tools/list'), /401|auth/i);
});
