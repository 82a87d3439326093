import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

const here = import.meta.dirname;

/** Talks to an agent in a process of its own, as the gateway runs in production. */
const program = `
  const { createTestDomain, startAgent } = await import('${here}/testing/trust-domain.ts');
  const { testClock } = await import('${here}/testing/rig.ts');
  const { createWorkload } = await import('${here}/workload.ts');
  const agent = await startAgent(createTestDomain('example.org'));
  const workload = createWorkload({ socket: agent.address, federates: {}, clock: testClock(), report() {}, environment: {} });
  await workload.ready();
  console.log(workload.id());
  workload.close();
  await agent.stop();
`;

test('the workload needs no code generation from strings, and leaves nothing behind that keeps a process alive', async () => {
  const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, flags, { timeout: 20_000 });
  assert.equal(stdout.trim(), 'spiffe://example.org/gateway');
});
