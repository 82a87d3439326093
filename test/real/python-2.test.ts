import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RealGateway, startGateway } from './gateway.ts';
import { freePort, type Program, startOnPort } from './program.ts';
import { type Python, python } from './python.ts';
import { pythonModern } from './software.ts';

const limit = { timeout: 60_000 };
const behind = ['stdio', 'streamable'] as const;
let environment: Python;
let upstream: Program | undefined;
let gateway: RealGateway;

before(async () => {
  environment = await python(pythonModern);
  const { program, script } = environment;
  const [port, server] = [await freePort(), script('server_2.py')];
  upstream = await startOnPort(port, program, [server, 'streamable-http', String(port)]);
  gateway = await startGateway({
    servers: {
      stdio: { command: program, args: [server, 'stdio'] },
      streamable: { url: `http://127.0.0.1:${port}/mcp` },
    },
  });
});

after(async () => {
  await gateway?.stop();
  await upstream?.stop();
});

const eras = [
  { mode: 'auto', revision: '2026-07-28' },
  { mode: 'legacy', revision: '2025-11-25' },
] as const;

/** What the client sees of `server`, one of `servers`. */
function expected(revision: string, servers: readonly string[]): object {
  const tools = servers.flatMap((each) => ['add', 'count', 'greet'].map((tool) => `${each}__${tool}`));
  return {
    revision,
    tools: tools.toSorted(),
    add: '5',
    count: 'counted to 3 in 2026-07-28',
    greet: 'accept: Ada',
    uris: servers.map((each) => `${each}+notes://today`),
    today: 'buy bread',
    prompt: 'Please review: x = 1',
    progress: [1, 2, 3],
  };
}

for (const { mode, revision } of eras)
  for (const server of behind)
    test(`the Python client in ${revision} uses a modern Python server over ${server}`, limit, async () => {
      const args = [mode, `${gateway.origin}/mcp`, gateway.token, server];
      assert.deepEqual(await environment.run('client_2.py', args), expected(revision, behind));
    });

test('a server that starts slowly is not taken for an older one', limit, async (t) => {
  const { program, script } = environment;
  const slowly = ['-c', 'sleep 5; exec "$0" "$@"', program, script('server_2.py'), 'stdio'];
  const patient = await startGateway({ servers: { slow: { command: 'sh', args: slowly } } });
  t.after(patient.stop);
  const [{ revision }] = eras;
  // Named, because a client that looks for the revision itself does not wait as long.
  const args = [revision, `${patient.origin}/mcp`, patient.token, 'slow'];
  assert.deepEqual(await environment.run('client_2.py', args), expected(revision, ['slow']));
});
