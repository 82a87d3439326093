import assert from 'node:assert/strict';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import {
  type CertificateRequest,
  createCertificateAuthority,
  type Issued,
  keyUsageBit,
} from '../testing/certificate-authority.ts';
import { probe, shownId } from '../testing/mtls.ts';
import { type Rig, startRig, until } from '../testing/rig.ts';
import { x509SvidMessage } from '../testing/workload-api-server.ts';

/** Publishes SVIDs with our bundle, the first one as default. */
function push({ agent, own }: Rig, ...svids: readonly (readonly [string, Issued])[]): void {
  const bundle = [own.ca.certificate];
  agent.setX509({
    svids: svids.map(([path, issued]) => x509SvidMessage(`${own.id}${path}`, issued, bundle)),
  });
}

async function shows(rig: Rig): Promise<string | undefined> {
  return shownId(await probe(rig.server.port, rig.own.svid('/probe')));
}

/** Publishes a good SVID and waits until it is shown; a bad one shown meanwhile fails the test. */
async function barrier(rig: Rig, path: string, never: string): Promise<void> {
  push(rig, [path, rig.own.svid(path)]);
  await until(async () => {
    const shown = await shows(rig);
    assert.notEqual(shown, never);
    return shown === `${rig.own.id}${path}`;
  });
}

test('XS-1 shows the SVID that the agent sent', async (t) => {
  const rig = await startRig(t);
  assert.equal(await shows(rig), `${rig.own.id}/gateway`);
});

test('XS-2 shows the whole chain, leaf first', async (t) => {
  const rig = await startRig(t);
  const middle = rig.own.ca.intermediate();
  push(rig, ['/deep', middle.issue({ uris: [`${rig.own.id}/deep`] })]);
  await until(async () => (await shows(rig)) === `${rig.own.id}/deep`);
  const { shown } = await probe(rig.server.port, rig.own.svid('/probe'));
  assert.equal(shown.length, 2);
  assert.ok(Buffer.from(shown[1] ?? []).equals(middle.certificate));
});

test('XS-3 shows a rotated SVID to new connections', async (t) => {
  const rig = await startRig(t);
  push(rig, ['/second', rig.own.svid('/second')]);
  await until(async () => (await shows(rig)) === `${rig.own.id}/second`);
});

test('XS-4 trusts each of several authorities in a bundle', async (t) => {
  const rig = await startRig(t);
  const second = createCertificateAuthority(rig.own.name);
  const bundle = [rig.own.ca.certificate, second.certificate];
  rig.agent.setX509({ svids: [x509SvidMessage(`${rig.own.id}/b`, rig.own.svid('/b'), bundle)] });
  await until(async () => (await shows(rig)) === `${rig.own.id}/b`);
  for (const ca of [rig.own.ca, second]) {
    const { takenFor } = await probe(rig.server.port, ca.issue({ uris: [`${rig.own.id}/peer`] }));
    assert.equal(takenFor, `${rig.own.id}/peer`);
  }
});

test('XS-5 trusts an authority no longer when it left the bundle', async (t) => {
  const rig = await startRig(t);
  const second = createCertificateAuthority(rig.own.name);
  const peer = second.issue({ uris: [`${rig.own.id}/peer`] });
  const bundle = [rig.own.ca.certificate, second.certificate];
  rig.agent.setX509({ svids: [x509SvidMessage(`${rig.own.id}/b`, rig.own.svid('/b'), bundle)] });
  await until(async () => (await probe(rig.server.port, peer)).takenFor !== undefined);
  push(rig, ['/c', rig.own.svid('/c')]);
  await until(async () => (await shows(rig)) === `${rig.own.id}/c`);
  assert.equal((await probe(rig.server.port, peer)).takenFor, undefined);
});

test('WA-1 opens the stream again after the agent closed it', async (t) => {
  const rig = await startRig(t);
  push(rig, ['/second', rig.own.svid('/second')]);
  await until(async () => (await shows(rig)) === `${rig.own.id}/second`);
  rig.agent.end('FetchX509SVID', status.UNAVAILABLE);
  push(rig, ['/third', rig.own.svid('/third')]);
  await until(async () => (await shows(rig)) === `${rig.own.id}/third`);
});

for (const variant of ['svids', 'spiffeId', 'x509Svid', 'x509SvidKey', 'bundle'] as const) {
  test(`WA-2 discards a message without \`${variant}\``, async (t) => {
    const rig = await startRig(t);
    const whole = x509SvidMessage(`${rig.own.id}/bad`, rig.own.svid('/bad'), [rig.own.ca.certificate]);
    const before = rig.workload.tls.material();
    const empty = variant === 'spiffeId' ? '' : new Uint8Array();
    rig.agent.setX509({ svids: variant === 'svids' ? [] : [{ ...whole, [variant]: empty }] });
    await until(() => rig.reports.some((line) => line.includes('discarded')));
    assert.deepEqual(rig.workload.tls.material(), before);
    assert.equal(await shows(rig), `${rig.own.id}/gateway`);
    await barrier(rig, '/good', `${rig.own.id}/bad`);
  });
}

test('WA-3 takes the first SVID as its own', async (t) => {
  const rig = await startRig(t);
  const a = ['/a', rig.own.svid('/a')] as const;
  const b = ['/b', rig.own.svid('/b')] as const;
  push(rig, a, b);
  await until(async () => (await shows(rig)) === `${rig.own.id}/a`);
  push(rig, b, a);
  await until(async () => (await shows(rig)) === `${rig.own.id}/b`);
});

test('WA-4 shows its SVID no longer after the agent answered PermissionDenied', async (t) => {
  const rig = await startRig(t);
  rig.agent.fail('FetchX509SVID', status.PERMISSION_DENIED);
  rig.agent.end('FetchX509SVID', status.PERMISSION_DENIED);
  await until(async () => (await shows(rig)) === undefined);
  assert.throws(() => rig.workload.tls.material(), /has no identity for this process/);
});

/** SVIDs that a peer would refuse; none of them may replace a good one. */
const bad: readonly (readonly [string, (rig: Rig) => Issued])[] = [
  ['HX-1 with a broken signature', ({ own }) => brokenSignature(own.svid('/bad'))],
  ['HX-2 of an authority that is not in its bundle', ({ own }) => foreign(own.name, `${own.id}/bad`)],
  ['HX-3 that expired', ({ own }) => own.svid('/bad', { notAfter: Date.now() - 60_000 })],
  ['HX-4 whose leaf is an authority', with_({ isAuthority: true, keyUsage: [keyUsageBit.digitalSignature] })],
  [
    'HX-5 whose key may sign certificates',
    with_({ keyUsage: [keyUsageBit.digitalSignature, keyUsageBit.keyCertSign] }),
  ],
  ['HX-6 with two URI names', ({ own }) => own.ca.issue({ uris: [`${own.id}/bad`, `${own.id}/worse`] })],
  ['HX-7 whose URI name is no SPIFFE ID', ({ own }) => own.ca.issue({ uris: ['https://example.org/bad'] })],
  [
    'HX-8 with the private key of another',
    ({ own }) => ({ ...own.svid('/bad'), privateKey: own.svid('/other').privateKey }),
  ],
  ['HX-9 with another SPIFFE ID than the message says', ({ own }) => own.svid('/elsewhere')],
];

for (const [name, make] of bad) {
  test(`${name.replace(' ', ' discards an own SVID ')}`, async (t) => {
    const rig = await startRig(t);
    const before = rig.workload.tls.material();
    push(rig, ['/bad', make(rig)]);
    await until(() => rig.reports.some((line) => line.includes('discarded')));
    assert.deepEqual(rig.workload.tls.material(), before);
    assert.equal(await shows(rig), `${rig.own.id}/gateway`);
    await barrier(rig, '/good', `${rig.own.id}/bad`);
  });
}

function with_(request: CertificateRequest): (rig: Rig) => Issued {
  return ({ own }) => own.svid('/bad', request);
}

function foreign(name: string, id: string): Issued {
  return createCertificateAuthority(name).issue({ uris: [id] });
}

function brokenSignature(issued: Issued): Issued {
  const certificate = Buffer.from(issued.certificate);
  const last = certificate.length - 1;
  certificate[last] = (certificate[last] ?? 0) ^ 1;
  return { ...issued, certificate, chain: [certificate] };
}
