import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { systemClock } from '../../../src/gateway/system-clock.ts';
import { TokenFailure } from '../../../src/identity/failure.ts';
import type { FederationEndpoint, Workload } from '../../../src/identity/spiffe/contract.ts';
import type { Issued } from '../../../src/identity/spiffe/testing/certificate-authority.ts';
import { dial, probe, shownId, startSvidServer } from '../../../src/identity/spiffe/testing/mtls.ts';
import { createWorkload } from '../../../src/identity/spiffe/workload.ts';
import { Refusal } from '../../../src/model/refusal.ts';
import type { TrustDomain } from '../../../src/model/spiffe-id.ts';
import type { SpireAgent } from './agent.ts';
import { type Domains, mintX509, ownProgram, type Pair, startDomains } from './domains.ts';
import { certificatesOf, forgeJwt, forgeX509 } from './forge.ts';
import { spireVersion } from './install.ts';
import { until } from './running.ts';
import type { SpireServer } from './server.ts';

/** One process is a workload of two trust domains at once: what each agent says of it differs. */
const gateway = 'spiffe://alpha.test/gateway';
const peer = 'spiffe://beta.test/peer';
const builder = 'spiffe://alpha.test/agent/builder';
const alphaDomain = 'alpha.test' as TrustDomain;
const betaDomain = 'beta.test' as TrustDomain;
const audience = 'https://resource.test';
const limit = { timeout: 60_000 };
const svidSeconds = 15;

let domains: Domains;
let entry: string;
let alpha: Workload;
let beta: Workload;
const reports: string[] = [];
let rotations = 0;

/** Alpha hears of beta through its agent; beta asks alpha's bundle endpoint itself. */
before(async () => {
  domains = await startDomains();
  entry = await enterGateway();
  await domains.beta.server.enter(domains.beta.agent.id, [{ id: peer, program: ownProgram }]);
  alpha = workloadAt(domains.alpha.agent);
  beta = workloadAt(domains.beta.agent, { 'alpha.test': await endpointOf(domains.alpha.server) });
  alpha.tls.onChange(() => {
    rotations += 1;
  });
  await Promise.all([alpha.ready(), beta.ready()]);
  for (const workload of [alpha, beta]) await until('both bundles are there', () => knowsBoth(workload));
}, limit);
after(async () => {
  alpha?.close();
  beta?.close();
  await domains?.stop();
});

async function enterGateway(): Promise<string> {
  const { server, agent } = domains.alpha;
  const its = { id: gateway, program: ownProgram, federatesWith: [betaDomain], seconds: svidSeconds };
  const [id = ''] = await server.enter(agent.id, [its]);
  return id;
}

function workloadAt(agent: SpireAgent, federates: Record<string, FederationEndpoint> = {}): Workload {
  const report = (event: string, facts: Readonly<Record<string, string>>): void => {
    reports.push(`${event} ${JSON.stringify(facts)}`);
  };
  return createWorkload({ socket: agent.address, federates, clock: systemClock(), report, environment: {} });
}

async function endpointOf(server: SpireServer, first: SpireServer = server): Promise<FederationEndpoint> {
  return {
    url: server.bundleUrl,
    profile: 'https_spiffe',
    endpointSpiffeId: `spiffe://${server.domain}/spire/server`,
    bundle: JSON.parse(await first.bundle()),
  };
}

function knowsBoth({ bundles }: Workload): boolean {
  return [alphaDomain, betaDomain].every(
    (domain) => (bundles.x509(domain)?.length ?? 0) > 0 && (bundles.jwt(domain)?.length ?? 0) > 0,
  );
}

/** DER, as TLS shows it. */
function chainOf(pair: Pick<Pair, 'cert'>): readonly Uint8Array[] {
  return certificatesOf(pair).map(({ raw }) => raw);
}

function ownChain(workload: Workload): readonly Uint8Array[] {
  return chainOf({ cert: workload.tls.material().certificate });
}

/** A pair as TLS peers of the tests take it. */
function issuedOf({ cert, key }: Pair): Pick<Issued, 'chain' | 'privateKey'> {
  return { chain: chainOf({ cert }), privateKey: createPrivateKey(key) };
}

function assertRefused(verdict: unknown, reason: RegExp): void {
  assert.ok(verdict instanceof Refusal, `not refused: ${String(verdict)}`);
  assert.equal(verdict.code, 'token_invalid');
  assert.match(verdict.detail, reason);
}

test('an agent gives its SVID and the bundles of both trust domains', limit, () => {
  assert.equal(alpha.id(), gateway);
  assert.equal(beta.id(), peer);
  assert.equal(alpha.status().state, 'ready');
  assert.deepEqual(
    alpha
      .status()
      .bundles.map(({ domain, source }) => [domain, source])
      .toSorted(),
    [
      ['alpha.test', 'workload-api'],
      ['beta.test', 'workload-api'],
    ],
  );
  const [own, federated] = ['beta.test', 'alpha.test'].map((name) =>
    beta.status().bundles.find(({ domain }) => domain === name),
  );
  assert.equal(own?.source, 'workload-api');
  assert.equal(federated?.source, 'endpoint');
  assert.equal(federated?.fault, undefined);
});

test('an X.509-SVID of one trust domain is verified in the other', limit, () => {
  assert.deepEqual([ownChain(alpha).length, ownChain(beta).length], [1, 2]);
  assert.equal(beta.verifyPeer(ownChain(alpha)), gateway);
  assert.equal(alpha.verifyPeer(ownChain(beta)), peer);
});

test(
  'a JWT-SVID is verified at home and in the other trust domain, for its audience alone',
  limit,
  async () => {
    const [fromAlpha, fromBeta] = [await alpha.jwtSvid(audience), await beta.jwtSvid(audience)];
    for (const workload of [alpha, beta]) {
      assert.deepEqual(Object.entries(workload.verifyJwtSvid(fromAlpha, audience))[0], ['id', gateway]);
      assert.deepEqual(Object.entries(workload.verifyJwtSvid(fromBeta, audience))[0], ['id', peer]);
      const elsewhere = workload.verifyJwtSvid(fromAlpha, 'https://other.test');
      assert.ok(elsewhere instanceof TokenFailure);
      assert.match(elsewhere.detail, /for another audience/);
    }
  },
);

test('SVIDs rotate every few seconds under a connection that stays', limit, async (t) => {
  const server = await startSvidServer(alpha);
  t.after(server.close);
  const { certificate, key } = beta.tls.material();
  const address = { port: server.port, host: '127.0.0.1', rejectUnauthorized: false };
  const socket = connect({ ...address, cert: certificate, key });
  t.after(() => socket.destroy());
  let said = '';
  socket.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  await until('the server has said who we are', () => said === `${peer}\n`);
  const seen = new Set<string>();
  for (let round = 1; round <= 3; round += 1) {
    const last = alpha.tls.material().certificate;
    await until('the SVID has rotated', () => alpha.tls.material().certificate !== last);
    const { shown, takenFor } = await probe(server.port, issuedOf({ cert: certificate, key }));
    assert.equal(takenFor, peer);
    assert.equal(shownId({ shown, takenFor }), gateway);
    assert.deepEqual(shown[0], ownChain(alpha)[0]);
    seen.add(new X509Certificate(Buffer.from(shown[0] ?? [])).serialNumber);
    socket.write(`round ${round}.`);
    await until('the old connection has answered', () => said.endsWith(`round ${round}.`));
  }
  assert.equal(seen.size, 3);
});

test('an SVID of one trust domain that the authority of another signed is refused', limit, async (t) => {
  const { server } = domains.beta;
  const forged = issuedOf(await forgeX509(server, builder, domains.folder));
  const own = issuedOf(await forgeX509(server, 'spiffe://beta.test/agent/builder', domains.folder));
  assert.equal(forged.chain.length, 2);
  for (const workload of [alpha, beta])
    assert.equal(
      workload.verifyPeer(own.chain),
      'spiffe://beta.test/agent/builder',
      'the attack must work at home',
    );
  for (const workload of [alpha, beta])
    assertRefused(workload.verifyPeer(forged.chain), /no authority of the trust domain of spiffe:\/\/alpha/);
  const listener = await startSvidServer(alpha);
  t.after(listener.close);
  assert.equal((await probe(listener.port, forged)).takenFor, undefined);
  assert.equal((await probe(listener.port, own)).takenFor, 'spiffe://beta.test/agent/builder');
  assert.match(String(await dial(beta, systemClock(), forged, builder)), /error/i);
});

test('a JWT-SVID of one trust domain that the key of another signed is refused', limit, async () => {
  const exp = Math.floor(Date.now() / 1_000) + 60;
  const forged = await forgeJwt(domains.beta.server, { sub: builder, aud: [audience], exp });
  const own = await forgeJwt(domains.beta.server, { sub: peer, aud: [audience], exp });
  for (const workload of [alpha, beta]) {
    const verdict = workload.verifyJwtSvid(forged, audience);
    assert.ok(verdict instanceof TokenFailure);
    assert.match(verdict.detail, /no authority of the trust domain of spiffe:\/\/alpha\.test/);
    assert.ok(!(workload.verifyJwtSvid(own, audience) instanceof TokenFailure));
  }
});

test('a foreign server with the same name of a trust domain is a stranger', limit, async (t) => {
  const impostor = await domains.startServer('is', alphaDomain);
  const svid = issuedOf(await mintX509(impostor, builder, domains.folder));
  const token = await impostor.mintJwt(builder, audience);
  for (const workload of [alpha, beta]) {
    assertRefused(workload.verifyPeer(svid.chain), /no authority of the trust domain/);
    const verdict = workload.verifyJwtSvid(token, audience);
    assert.ok(verdict instanceof TokenFailure);
    assert.match(verdict.detail, /no authority of the trust domain/);
  }
  assert.match(String(await dial(beta, systemClock(), svid, builder)), /error/i);
  const real = issuedOf(await mintX509(domains.alpha.server, builder, domains.folder));
  assert.equal(alpha.verifyPeer(real.chain), builder);
  assert.equal(await dial(beta, systemClock(), real, builder), 'accepted');
  await refusesBundleOf(impostor, (end) => t.after(end));
});

/** Its bundle endpoint has an SVID of the right name, which the first bundle does not stand behind. */
async function refusesBundleOf(impostor: SpireServer, after: (end: () => void) => void): Promise<void> {
  const endpoint = await endpointOf(impostor, domains.alpha.server);
  const misled = workloadAt(domains.beta.agent, { 'alpha.test': endpoint });
  after(misled.close);
  const found = (): string | undefined =>
    misled.status().bundles.find(({ domain }) => domain === alphaDomain)?.fault;
  await until('the endpoint was tried', () => found() !== undefined);
  assert.equal(misled.bundles.x509(alphaDomain), undefined);
  assert.match(found() ?? '', /certificate/i);
}

test('SVIDs go on after an agent has restarted', limit, async () => {
  const { agent } = domains.alpha;
  await agent.stop();
  await until('the agent is missed', () => alpha.status().state === 'stale');
  assert.match(alpha.status().fault ?? '', /does not answer/);
  assert.equal(alpha.id(), gateway);
  assert.equal(beta.verifyPeer(ownChain(alpha)), gateway);
  const kept = alpha.tls.material().certificate;
  await agent.start();
  await until('the agent is found again', () => alpha.status().state === 'ready');
  await until('the SVID has rotated', () => alpha.tls.material().certificate !== kept);
  assert.equal(beta.verifyPeer(ownChain(alpha)), gateway);
});

test('without an agent the SVID lasts until its end, and then nothing is shown', limit, async (t) => {
  const { agent } = domains.alpha;
  const server = await startSvidServer(alpha);
  t.after(server.close);
  await agent.stop();
  const end = alpha.status().expiresAt ?? 0;
  assert.ok(end > Date.now() && end <= Date.now() + (svidSeconds + 1) * 1_000);
  await until('the SVID has ended', () => Date.now() > end);
  assert.throws(() => alpha.tls.material(), /the last one expired.*does not answer/);
  assert.equal(alpha.id(), undefined);
  assert.equal(alpha.status().state, 'waiting');
  const client = issuedOf({ cert: beta.tls.material().certificate, key: beta.tls.material().key });
  await until('the server shows nothing', async () => (await probe(server.port, client)).shown.length === 0);
  await agent.start();
  await until('there is an SVID again', () => alpha.status().state === 'ready');
  assert.equal(shownId(await probe(server.port, client)), gateway);
});

test('an entry that is struck out takes the identity away, and the workload says so', limit, async () => {
  const { server } = domains.alpha;
  const said = reports.length;
  await alpha.jwtSvid(audience);
  await server.strikeOut(entry);
  await until('the SVID is gone', () => alpha.id() === undefined);
  assert.throws(() => alpha.tls.material(), /has no identity for this process/);
  assert.equal(alpha.status().state, 'waiting');
  assert.match(alpha.status().fault ?? '', /has no identity for this process/);
  assert.ok(reports.slice(said).some((line) => line.includes('has no identity for this process')));
  await assert.rejects(alpha.jwtSvid(audience), /has no identity for this process/);
  entry = await enterGateway();
  await until('the identity is back', () => alpha.id() === gateway);
  await until('the bundles are back', () => knowsBoth(alpha));
});

/** Stands last: an agent whose own SVID came from the old authority would not come back from a restart. */
test('an authority that its server revokes stands behind nobody, at home and abroad', limit, async () => {
  const { server } = domains.alpha;
  const old = issuedOf(await mintX509(server, builder, domains.folder));
  const [before] = (alpha.bundles.x509(alphaDomain) ?? []).map(({ x509 }) => x509.serialNumber);
  for (const workload of [alpha, beta]) assert.equal(workload.verifyPeer(old.chain), builder);
  const authority = (step: string, id: unknown): Promise<unknown> =>
    server.ask('localauthority', 'x509', step, '-authorityID', String(id));
  const next = (await server.ask('localauthority', 'x509', 'prepare'))['prepared_authority'];
  const known = (workload: Workload): number => workload.bundles.x509(alphaDomain)?.length ?? 0;
  for (const workload of [alpha, beta])
    await until('the next authority is in the bundle', () => known(workload) === 2);
  const activated = await authority('activate', idOf(next));
  const last = idOf((await server.ask('localauthority', 'x509', 'show'))['old'] ?? activated);
  await authority('taint', last);
  // While the agent takes on its own new identity it may say for a moment that it has none for us, and we show none then.
  const isNew = (): boolean => alpha.id() !== undefined && !isSignedBy(ownChain(alpha), before);
  await until('the SVID comes from the next authority', isNew);
  assert.equal(beta.verifyPeer(ownChain(alpha)), gateway);
  await authority('revoke', last);
  for (const workload of [alpha, beta]) {
    await until('the old authority is gone', () => known(workload) === 1);
    assertRefused(workload.verifyPeer(old.chain), /no authority of the trust domain/);
    await until('the new SVID is shown', isNew);
    assert.equal(workload.verifyPeer(ownChain(alpha)), gateway);
  }
});

test('what ran', (t) => {
  assert.ok(rotations >= 6, `only ${rotations} rotations`);
  t.diagnostic(`SPIRE ${spireVersion}: 3 servers, 2 agents, ${rotations} rotations of an X.509-SVID`);
});

function isSignedBy(chain: readonly Uint8Array[], serial: string | undefined): boolean {
  const authority = alpha.bundles.x509(alphaDomain)?.find(({ x509 }) => x509.serialNumber === serial);
  const [leaf] = chain;
  return (
    authority !== undefined &&
    leaf !== undefined &&
    new X509Certificate(leaf).verify(authority.x509.publicKey)
  );
}

function idOf(authority: unknown): string {
  return String((authority as Record<string, unknown>)['authority_id']);
}
