import assert from 'node:assert/strict';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import type { Workload } from '../contract.ts';
import { testClock, until } from '../testing/rig.ts';
import { createTestDomain, serveDomain, startAgent, type TestDomain } from '../testing/trust-domain.ts';
import {
  socketPath,
  startWorkloadApiServer,
  type WorkloadApiServer,
} from '../testing/workload-api-server.ts';
import { createWorkload } from '../workload.ts';

interface Ending {
  readonly after: (end: () => void | Promise<void>) => void;
}

/** A workload that knows its agent by the variable alone. */
function start(t: Ending, address: string): Workload {
  const environment = { SPIFFE_ENDPOINT_SOCKET: address };
  const workload = createWorkload({
    federates: {},
    clock: testClock(),
    report: () => undefined,
    environment,
  });
  t.after(() => workload.close());
  return workload;
}

async function startWith(t: Ending, at?: string): Promise<{ agent: WorkloadApiServer; own: TestDomain }> {
  const own = createTestDomain('example.org');
  const agent = await startAgent(own, [], at);
  t.after(() => agent.stop());
  return { agent, own };
}

test('EP-1 finds the agent by SPIFFE_ENDPOINT_SOCKET', async (t) => {
  const { agent } = await startWith(t);
  const workload = start(t, agent.address);
  await workload.ready();
  assert.equal(workload.id(), 'spiffe://example.org/gateway');
});

test('EP-2 sends the security header with every call', async (t) => {
  const { agent, own } = await startWith(t);
  agent.setJwtSvid(() => ({ svids: [{ spiffeId: `${own.id}/gateway`, svid: token(own) }] }));
  const workload = start(t, agent.address);
  await workload.jwtSvid('conformance');
  await until(() => new Set(agent.calls.map(({ method }) => method)).size === 4);
  for (const { method, header } of agent.calls) assert.deepEqual(header, ['true'], method);
});

function token(own: TestDomain): string {
  return own.jwt.sign({
    sub: `${own.id}/gateway`,
    aud: 'conformance',
    exp: Math.floor(Date.now() / 1000) + 60,
  });
}

test('EP-3 takes an agent at a TCP address', async (t) => {
  const { agent } = await startWith(t, 'tcp://127.0.0.1:0');
  const workload = start(t, agent.address);
  await workload.ready();
});

for (const [what, change] of [
  ['a host in a unix: address', (path: string) => `unix://host${path}`],
  ['a query', (path: string) => `unix://${path}?x=1`],
] as const) {
  test(`EP-4 refuses an address with ${what}, and calls nobody`, async (t) => {
    const { agent } = await startWith(t);
    assert.throws(() => start(t, change(agent.address.slice('unix://'.length))), /write `unix:\/\/\//);
    assert.equal(agent.calls.length, 0);
  });
}

test('EP-4 refuses an address with a path behind a TCP port, and calls nobody', async (t) => {
  const { agent } = await startWith(t, 'tcp://127.0.0.1:0');
  assert.throws(() => start(t, `${agent.address}/foo`), /has something behind the port/);
  assert.equal(agent.calls.length, 0);
});

for (const [id, code] of [
  ['EP-5', 'UNAVAILABLE'],
  ['EP-6', 'PERMISSION_DENIED'],
] as const) {
  test(`${id} tries again after ${code}, with waits between`, async (t) => {
    const { agent } = await startWith(t);
    agent.fail('FetchX509SVID', status[code], 3);
    const workload = start(t, agent.address);
    await workload.ready();
    const times = agent.calls.filter(({ method }) => method === 'FetchX509SVID').map(({ at }) => at);
    assert.equal(times.length, 4);
    assert.ok((times[3] ?? 0) - (times[0] ?? 0) >= 150, `${String(times)}`);
  });
}

test('EP-7 does not try again after InvalidArgument, and says so', async (t) => {
  const { agent } = await startWith(t);
  for (const method of ['FetchX509SVID', 'FetchX509Bundles', 'FetchJWTBundles'] as const) {
    agent.fail(method, status.INVALID_ARGUMENT);
  }
  const workload = start(t, agent.address);
  await assert.rejects(workload.ready(), /does not take the call/);
  assert.equal(workload.status().state, 'failed');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  for (const method of ['FetchX509SVID', 'FetchX509Bundles', 'FetchJWTBundles'] as const) {
    assert.ok(agent.calls.filter((call) => call.method === method).length <= 2, method);
  }
});

test('EP-8 tries again while there is no agent yet', async (t) => {
  const address = `unix://${socketPath()}`;
  const workload = start(t, address);
  assert.throws(() => workload.tls.material(), /has not answered yet/);
  await until(() => workload.status().fault !== undefined);
  assert.match(workload.status().fault ?? '', /ENOENT/);
  const agent = await startWorkloadApiServer(address);
  t.after(() => agent.stop());
  serveDomain(agent, createTestDomain('example.org'));
  await workload.ready();
  assert.equal(workload.status().state, 'ready');
});
