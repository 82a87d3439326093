import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RealGateway, startGateway } from './gateway.ts';
import { freePort, type Program, startOnPort } from './program.ts';
import { type Python, python } from './python.ts';
import { pythonLegacy } from './software.ts';

const limit = { timeout: 60_000 };
const behind = ['stdio', 'streamable', 'events'] as const;
let environment: Python;
let servers: readonly Program[] = [];
let gateway: RealGateway;

before(async () => {
  environment = await python(pythonLegacy);
  const [http, sse] = [await freePort(), await freePort()];
  const { program, script } = environment;
  const server = script('server_1.py');
  servers = await Promise.all([
    startOnPort(http, program, [server, 'streamable-http', String(http)]),
    startOnPort(sse, program, [server, 'sse', String(sse)]),
  ]);
  gateway = await startGateway({
    servers: {
      stdio: { command: program, args: [server, 'stdio'] },
      streamable: { url: `http://127.0.0.1:${http}/mcp` },
      events: { url: `http://127.0.0.1:${sse}/sse` },
    },
  });
});

after(async () => {
  await gateway?.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

for (const kind of ['http', 'sse'])
  for (const server of behind)
    test(`the Python client over ${kind} uses a Python server over ${server}`, limit, async () => {
      const url = `${gateway.origin}${kind === 'sse' ? '/sse' : '/mcp'}`;
      const seen = await environment.run('client_1.py', [kind, url, gateway.token, server]);
      const tools = behind.flatMap((each) =>
        ['add', 'compose', 'count', 'greet'].map((tool) => `${each}__${tool}`),
      );
      const { progress, logged, uris, templates, prompts, unknown, ...rest } = seen;
      assert.deepEqual(rest, {
        revision: '2025-11-25',
        tools: tools.toSorted(),
        add: '5',
        count: 'counted to 3',
        greet: 'accept: Ada',
        compose: 'test wrote a poem of the sea',
        today: 'buy bread',
        topic: 'monday is for rest',
        prompt: 'Please review: x = 1',
      });
      assert.deepEqual(progress, [1, 2, 3]);
      assert.deepEqual(logged, ['at 1', 'at 2', 'at 3']);
      assert.deepEqual(new Set(uris as string[]), new Set(behind.map((each) => `${each}+notes://today`)));
      assert.equal((templates as string[]).length, behind.length);
      assert.ok((prompts as string[]).includes(`${server}__review`));
      assert.match(String(unknown), /unknown tool/i);
    });
