import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCertificateAuthority, type Issued, keyUsageBit } from '../testing/certificate-authority.ts';
import { dial, probe } from '../testing/mtls.ts';
import { type Rig, startRig, until } from '../testing/rig.ts';
import { serveDomain } from '../testing/trust-domain.ts';

const hour = 3_600_000;
const minutes5 = 300_000;

/** Certificates of peers: id and demand, whether it must be accepted, and how it is made. */
const peers: readonly (readonly [string, boolean, (rig: Rig) => Issued])[] = [
  ['XV-1 accepts a valid peer', true, ({ own }) => own.svid('/peer')],
  [
    'XV-2 accepts a peer whose chain goes through an intermediate',
    true,
    ({ own }) => own.ca.intermediate().issue({ uris: [`${own.id}/peer`] }),
  ],
  [
    'XV-3 accepts a peer with DNS names beside',
    true,
    ({ own }) => own.svid('/peer', { dns: ['peer.example.org'] }),
  ],
  [
    'XV-4 accepts a peer without a subject whose SPIFFE ID is critical',
    true,
    ({ own }) => own.svid('/peer', { commonName: '' }),
  ],
  [
    'XV-5 refuses a peer of another authority that claims our trust domain',
    false,
    ({ own }) => createCertificateAuthority(own.name).issue({ uris: [`${own.id}/peer`] }),
  ],
  [
    'XV-6 refuses a peer whose certificate expired',
    false,
    ({ own }) => own.svid('/peer', { notAfter: Date.now() - minutes5 }),
  ],
  [
    'XV-7 refuses a peer whose certificate is not valid yet',
    false,
    ({ own }) => own.svid('/peer', { notBefore: Date.now() + minutes5, notAfter: Date.now() + hour }),
  ],
  [
    'XV-8 refuses a peer whose leaf is an authority',
    false,
    ({ own }) => own.svid('/peer', { isAuthority: true, keyUsage: [keyUsageBit.digitalSignature] }),
  ],
  [
    'XV-9 refuses a peer whose key may sign certificates',
    false,
    ({ own }) => own.svid('/peer', { keyUsage: [keyUsageBit.digitalSignature, keyUsageBit.keyCertSign] }),
  ],
  [
    'XV-10 refuses a peer whose key may sign revocations',
    false,
    ({ own }) => own.svid('/peer', { keyUsage: [keyUsageBit.digitalSignature, keyUsageBit.cRLSign] }),
  ],
  [
    'XV-11 refuses a peer with two URI names',
    false,
    ({ own }) => own.ca.issue({ uris: [`${own.id}/peer`, `${own.id}/other`] }),
  ],
  [
    'XV-12 refuses a peer without a URI name',
    false,
    ({ own }) => own.ca.issue({ dns: ['peer.example.org'] }),
  ],
  [
    'XV-13 refuses a peer whose URI name is no SPIFFE ID',
    false,
    ({ own }) => own.ca.issue({ uris: ['https://example.org/peer'] }),
  ],
  ['XV-14 refuses a peer whose SPIFFE ID has no path', false, ({ own }) => own.ca.issue({ uris: [own.id] })],
  [
    'XV-15 refuses a peer of a trust domain without a bundle, signed by our authority',
    false,
    ({ own }) => own.ca.issue({ uris: ['spiffe://other.example.org/x'] }),
  ],
  ['XF-1 accepts a peer of a federated trust domain', true, ({ fed }) => fed.svid('/peer')],
  [
    'XF-2 refuses a peer that claims a federated trust domain and is signed by ours',
    false,
    ({ own, fed }) => own.ca.issue({ uris: [`${fed.id}/peer`] }),
  ],
  [
    'XF-2 refuses a peer that claims our trust domain and is signed by a federated one',
    false,
    ({ own, fed }) => fed.ca.issue({ uris: [`${own.id}/peer`] }),
  ],
];

/** Who is expected when the workload calls: anybody of the trust domain that the certificate names, ours without one. */
function anybodyOf(name: string, { own, fed }: Rig): string {
  if (name.includes('XF-1') || name.includes('claims a federated')) return `${fed.id}/*`;
  return name.includes('XV-15') ? 'spiffe://other.example.org/*' : `${own.id}/*`;
}

for (const [name, isAccepted, make] of peers) {
  test(`${name} (we are the server)`, async (t) => {
    const rig = await startRig(t);
    const control = await probe(rig.server.port, rig.own.svid('/control'));
    assert.equal(control.takenFor, `${rig.own.id}/control`);
    const { takenFor } = await probe(rig.server.port, make(rig));
    assert.equal(takenFor !== undefined, isAccepted, String(takenFor));
  });

  test(`${name} (we are the client)`, async (t) => {
    const rig = await startRig(t);
    const control = await dial(rig.workload, rig.clock, rig.own.svid('/control'), `${rig.own.id}/*`);
    assert.equal(control, 'accepted');
    const result = await dial(rig.workload, rig.clock, make(rig), anybodyOf(name, rig));
    assert.equal(result === 'accepted', isAccepted, String(result));
  });
}

test('XF-3 trusts a federated trust domain no longer when a later message leaves it out', async (t) => {
  const rig = await startRig(t);
  const peer = rig.fed.svid('/peer');
  assert.equal((await probe(rig.server.port, peer)).takenFor, `${rig.fed.id}/peer`);
  assert.equal(await dial(rig.workload, rig.clock, peer, `${rig.fed.id}/*`), 'accepted');
  serveDomain(rig.agent, rig.own);
  await until(async () => (await probe(rig.server.port, peer)).takenFor === undefined);
  assert.ok((await dial(rig.workload, rig.clock, peer, `${rig.fed.id}/*`)) instanceof Error);
  assert.equal((await probe(rig.server.port, rig.own.svid('/control'))).takenFor, `${rig.own.id}/control`);
});
