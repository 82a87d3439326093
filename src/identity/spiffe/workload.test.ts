import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { status } from '@grpc/grpc-js';
import { Refusal } from '../../model/refusal.ts';
import { parseSpiffePattern, type TrustDomain } from '../../model/spiffe-id.ts';
import { dial, materialOf, probe, shownId } from './testing/mtls.ts';
import { startRig, testClock, until } from './testing/rig.ts';
import { createTestDomain, serveDomain, startAgent } from './testing/trust-domain.ts';
import { socketPath } from './testing/workload-api-server.ts';
import { tlsClientOptions } from './tls-client-options.ts';
import { createWorkload } from './workload.ts';

const quiet = { federates: {}, report: () => undefined, environment: {} };

test('a rotation drops no open connection, and counts for the next one', async (t) => {
  const { own, agent, workload, server } = await startRig(t);
  const before = workload.tls.material().certificate;
  const client = materialOf(own.svid('/client'));
  const socket = connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false, ...client });
  t.after(() => socket.destroy());
  const lines: string[] = [];
  socket.on('data', (bytes: Buffer) => lines.push(bytes.toString().trim()));
  await until(() => lines.length === 1);
  for (let round = 0; round < 5; round += 1) {
    const last = workload.tls.material().certificate;
    serveDomain(agent, own);
    await until(() => workload.tls.material().certificate !== last);
    socket.write(`round ${round}`);
    await until(() => lines.at(-1) === `round ${round}`);
  }
  assert.equal(socket.destroyed, false);
  assert.notEqual(workload.tls.material().certificate, before);
  const { shown } = await probe(server.port, own.svid('/client'));
  assert.equal(
    materialOf({ chain: shown.slice(0, 1), privateKey: own.svid('/x').privateKey }).cert,
    workload.tls.material().certificate,
  );
});

test('an agent that restarts is found again; meanwhile the last SVID and the bundles count', async (t) => {
  const { own, fed, agent, workload, server, reports } = await startRig(t);
  await agent.stop();
  await until(() => workload.status().state === 'stale');
  assert.match(workload.status().fault ?? '', /does not answer/);
  assert.equal((await probe(server.port, fed.svid('/peer'))).takenFor, `${fed.id}/peer`);
  const again = await startAgent(own, [], agent.address);
  t.after(() => again.stop());
  await until(() => workload.status().state === 'ready');
  await until(async () => (await probe(server.port, fed.svid('/peer'))).takenFor === undefined);
  assert.ok(reports.some((line) => line.includes('SPIFFE agent answers again')));
  assert.ok(reports.length < 20, 'an agent that is away must not fill the log');
});

test('an SVID that nobody renews fails closed when it expires', async (t) => {
  const { workload, clock } = await startRig(t);
  clock.advance(3_600_001);
  assert.throws(() => workload.tls.material(), /the last one expired/);
  assert.equal(workload.id(), undefined);
  assert.equal(workload.status().state, 'waiting');
});

test('listeners hear of an SVID that expires', async (t) => {
  const { own, agent, workload } = await startRig(t);
  serveDomain(agent, own, [], own.svid('/gateway', { notAfter: Date.now() + 1_500 }));
  await until(() => (workload.status().expiresAt ?? Number.POSITIVE_INFINITY) < Date.now() + 1_500);
  let heard = false;
  workload.tls.onChange(() => {
    heard = true;
  });
  await until(() => heard);
  assert.throws(() => workload.tls.material(), /the last one expired/);
});

test('an entry that is revoked takes SVID, JWT-SVIDs and bundles away; its return brings them back', async (t) => {
  const { own, agent, workload } = await startRig(t);
  for (const method of ['FetchX509SVID', 'FetchX509Bundles', 'FetchJWTBundles'] as const) {
    agent.fail(method, status.PERMISSION_DENIED);
    agent.end(method, status.PERMISSION_DENIED);
  }
  await until(() => workload.bundles.domains().length === 0);
  assert.throws(() => workload.tls.material(), /has no identity for this process/);
  assert.ok(workload.verifyPeer(own.svid('/peer').chain) instanceof Refusal);
  for (const method of ['FetchX509SVID', 'FetchX509Bundles', 'FetchJWTBundles'] as const) {
    agent.fail(method, status.OK, 0);
  }
  await until(() => workload.status().state === 'ready');
  assert.equal(workload.verifyPeer(own.svid('/peer').chain), `${own.id}/peer`);
});

test('a workload without an identity of its own can still verify others', async (t) => {
  const own = createTestDomain('example.org');
  const agent = await startAgent(own);
  t.after(() => agent.stop());
  agent.fail('FetchX509SVID', status.PERMISSION_DENIED);
  const workload = createWorkload({ ...quiet, socket: agent.address, clock: testClock() });
  t.after(() => workload.close());
  await until(() => workload.bundles.x509('example.org' as TrustDomain) !== undefined);
  assert.equal(workload.verifyPeer(own.svid('/peer').chain), `${own.id}/peer`);
  assert.equal(workload.status().state, 'waiting');
});

test('a chain is verified once for its connection, and again when a bundle changes', async (t) => {
  const { own, fed, agent, workload } = await startRig(t);
  const { chain } = fed.svid('/peer');
  assert.equal(workload.verifyPeer(chain), `${fed.id}/peer`);
  const begin = performance.now();
  for (let count = 0; count < 10_000; count += 1) workload.verifyPeer(chain);
  assert.ok(performance.now() - begin < 500, 'ten thousand looks at one chain must not verify it each time');
  serveDomain(agent, own);
  await until(() => workload.bundles.x509(fed.name as TrustDomain) === undefined);
  assert.ok(workload.verifyPeer(chain) instanceof Refusal);
});

test('a chain that was good is refused when it expired meanwhile', async (t) => {
  const { own, workload, clock } = await startRig(t);
  const { chain } = own.svid('/peer', { notAfter: Date.now() + 60_000 });
  assert.equal(workload.verifyPeer(chain), `${own.id}/peer`);
  clock.advance(61_000);
  const verdict = workload.verifyPeer(chain);
  assert.ok(verdict instanceof Refusal);
  assert.match(verdict.detail, /expired/);
});

test('an upstream is refused when it is another workload than expected', async (t) => {
  const { own, workload, clock } = await startRig(t);
  const server = own.svid('/db');
  assert.equal(await dial(workload, clock, server, `${own.id}/db`), 'accepted');
  const result = await dial(workload, clock, server, `${own.id}/other`);
  assert.match(String(result), /the server is spiffe:\/\/example\.org\/db, and not/);
});

test('options for an upstream of a trust domain without bundle say what is missing', async (t) => {
  const { workload, clock } = await startRig(t);
  const pattern = parseSpiffePattern('spiffe://nowhere.org/*');
  assert.ok(pattern !== undefined);
  assert.throws(
    () => tlsClientOptions(workload, clock, pattern),
    /no bundle of the trust domain `nowhere.org`/,
  );
});

test('an upstream sees our SVID', async (t) => {
  const { own, workload, server } = await startRig(t);
  assert.equal(shownId(await probe(server.port, own.svid('/peer'))), workload.id());
});

test('waiting for an SVID ends when the workload is closed', async () => {
  const workload = createWorkload({ ...quiet, socket: `unix://${socketPath()}`, clock: testClock() });
  const ready = workload.ready();
  workload.close();
  await assert.rejects(ready, /the workload was closed/);
  await assert.rejects(workload.ready(), /the workload was closed/);
  await assert.rejects(workload.jwtSvid('x'), /the workload was closed/);
  assert.equal(workload.status().state, 'closed');
});

test('a JWT-SVID of another identity than the first is had by its name, and kept apart', async (t) => {
  const { own, agent, workload, clock } = await startRig(t);
  const [gateway, deputy] = [`${own.id}/gateway`, `${own.id}/deputy`];
  const asked: string[] = [];
  agent.setJwtSvid(({ audience, spiffeId }) => {
    asked.push(spiffeId);
    const exp = Math.floor(clock.now() / 1000) + 300;
    const svids = [gateway, deputy].map((id) => ({
      spiffeId: id,
      svid: own.jwt.sign({ sub: id, aud: audience, exp }),
    }));
    return { svids: svids.filter((one) => spiffeId === '' || one.spiffeId === spiffeId) };
  });
  const subjectOf = async (id?: string): Promise<unknown> => {
    const verified = workload.verifyJwtSvid(await workload.jwtSvid('upstream', id), 'upstream');
    return 'id' in verified ? verified.id : verified;
  };
  assert.equal(await subjectOf(deputy), deputy);
  assert.equal(await subjectOf(), gateway);
  assert.equal(await subjectOf(deputy), deputy);
  assert.deepEqual(asked, [deputy, '']);
});

test('an identity that the agent does not have for us is an error that names it', async (t) => {
  const { own, agent, workload, clock } = await startRig(t);
  const stranger = `${own.id}/stranger`;
  await assert.rejects(workload.jwtSvid('upstream', stranger), /no JWT-SVID of `spiffe:.*\/stranger`/);
  const exp = Math.floor(clock.now() / 1000) + 300;
  const svid = own.jwt.sign({ sub: `${own.id}/gateway`, aud: ['upstream'], exp });
  agent.setJwtSvid(() => ({ svids: [{ spiffeId: `${own.id}/gateway`, svid }] }));
  await assert.rejects(workload.jwtSvid('upstream', stranger), /no JWT-SVID of `spiffe:.*\/stranger`/);
  assert.equal(await workload.jwtSvid('upstream'), svid);
});

test('no report and no status holds a private key', async (t) => {
  const { own, agent, workload, reports } = await startRig(t);
  const secret = own.svid('/other').privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
  const good = own.svid('/gateway');
  agent.setX509({
    svids: [
      {
        spiffeId: `${own.id}/gateway`,
        x509Svid: good.certificate,
        x509SvidKey: Buffer.from(secret),
        bundle: own.ca.certificate,
      },
    ],
  });
  await until(() => reports.some((line) => line.includes('no private key that can be read')));
  const told = reports.join() + JSON.stringify(workload.status());
  assert.equal(told.includes(secret.slice(0, 20)), false);
});

test('a listener that throws is reported, and keeps nobody else from hearing', async (t) => {
  const { own, agent, workload, reports } = await startRig(t);
  let heard = 0;
  workload.tls.onChange(() => {
    throw new Error('of our own');
  });
  workload.tls.onChange(() => {
    heard += 1;
  });
  serveDomain(agent, own);
  await until(() => heard > 0);
  assert.ok(reports.some((line) => line.includes('of our own')));
  assert.equal(workload.status().state, 'ready');
});
