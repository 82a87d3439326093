import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { JsonObject } from '../../model/json.ts';
import type { TrustDomain } from '../../model/spiffe-id.ts';
import { bundleDocument, parseJwks, readBundle } from './bundle-document.ts';
import { createBundleStore } from './bundle-store.ts';
import type { FederationEndpoint } from './contract.ts';
import { type Federation, startFederation } from './federation.ts';
import { materialOf } from './testing/mtls.ts';
import { startRig, testClock, until } from './testing/rig.ts';
import { createTestDomain, type TestDomain } from './testing/trust-domain.ts';

interface Ending {
  readonly after: (end: () => void | Promise<void>) => void;
}

const partner = 'partner.org' as TrustDomain;

function documentOf(domain: TestDomain, sequence = 1, refreshHint = 1): JsonObject {
  return bundleDocument({ x509: [domain.ca.certificate], jwt: [domain.jwt.jwk], sequence, refreshHint });
}

interface Polling {
  readonly store: ReturnType<typeof createBundleStore>;
  readonly federation: Federation;
}

function poll(
  t: Ending,
  endpoint: FederationEndpoint,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): Polling {
  const store = createBundleStore(() => undefined);
  const options = { store, clock: testClock(), report: () => undefined, fetch };
  const federation = startFederation({ federates: { [partner]: endpoint }, ...options });
  t.after(() => federation.stop());
  return { store, federation };
}

/** A `fetch` that answers with what `next` gives, and counts. */
function web(next: () => Response): { fetch: typeof globalThis.fetch; asked: () => number } {
  let asked = 0;
  const fetch = (): Promise<Response> => {
    asked += 1;
    return Promise.resolve(next());
  };
  return { fetch, asked: () => asked };
}

const webEndpoint = { url: 'https://partner.org/bundle', profile: 'https_web' } as const;

test('https_web: the bundle is polled as often as its hint says, and the newest counts', async (t) => {
  const [first, second] = [createTestDomain(partner), createTestDomain(partner)];
  let current = documentOf(first, 1);
  const { fetch, asked } = web(() => Response.json(current));
  const { store } = poll(t, webEndpoint, fetch);
  await until(() => store.x509(partner)?.length === 1);
  current = documentOf(second, 2);
  await until(() => store.jwt(partner)?.[0]?.kid === second.jwt.kid);
  assert.ok(asked() >= 2);
});

test('https_web: an older sequence does not bring back what was taken back', async (t) => {
  const domain = createTestDomain(partner);
  let current: JsonObject = { ...documentOf(domain, 5), keys: [] };
  const { fetch, asked } = web(() => Response.json(current));
  const { store } = poll(t, webEndpoint, fetch);
  await until(() => store.x509(partner) !== undefined);
  current = documentOf(domain, 4);
  await until(() => asked() >= 2);
  assert.deepEqual(store.x509(partner), []);
});

for (const [what, answer] of [
  ['a redirect', () => new Response(null, { status: 302, headers: { location: 'https://evil.org/' } })],
  ['an error', () => new Response('no', { status: 500 })],
  ['no JSON', () => new Response('<html>')],
  ['no bundle', () => Response.json({})],
] as const) {
  test(`https_web: after ${what} the last bundle stays`, async (t) => {
    const domain = createTestDomain(partner);
    let fails = false;
    const { fetch } = web(() => (fails ? answer() : Response.json(documentOf(domain))));
    const { store, federation } = poll(t, webEndpoint, fetch);
    await until(() => store.x509(partner) !== undefined);
    fails = true;
    await until(() => federation.status(partner)?.fault !== undefined);
    assert.equal(store.x509(partner)?.length, 1);
    fails = false;
    await until(() => federation.status(partner)?.fault === undefined);
  });
}

/** A bundle endpoint with a certificate of a workload. */
async function serve(t: Ending, shows: TestDomain, path: string, answer: () => JsonObject): Promise<string> {
  const server = createServer(materialOf(shows.svid(path)), (request, response) => {
    assert.equal(request.method, 'GET');
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer()));
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => void server.close());
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}/bundle`;
}

const endpointSpiffeId = `spiffe://${partner}/bundle-server`;

test('https_spiffe, self-serving: the configured bundle opens the way, and the fetched one counts from then on', async (t) => {
  const first = createTestDomain(partner);
  const url = await serve(t, first, '/bundle-server', () => documentOf(first));
  const bundle = documentOf(first);
  const { store } = poll(t, { url, profile: 'https_spiffe', endpointSpiffeId, bundle });
  await until(() => store.x509(partner)?.length === 1);
});

test('https_spiffe: a server with another SPIFFE ID of the same trust domain is refused', async (t) => {
  const domain = createTestDomain(partner);
  const url = await serve(t, domain, '/somebody-else', () => documentOf(domain));
  const bundle = documentOf(domain);
  const { store, federation } = poll(t, { url, profile: 'https_spiffe', endpointSpiffeId, bundle });
  await until(() => federation.status(partner)?.fault !== undefined);
  assert.match(
    federation.status(partner)?.fault ?? '',
    /the server is spiffe:\/\/partner\.org\/somebody-else/,
  );
  assert.equal(store.x509(partner), undefined);
});

test('https_spiffe: a server that is signed by another authority is refused', async (t) => {
  const [real, liar] = [createTestDomain(partner), createTestDomain(partner)];
  const url = await serve(t, liar, '/bundle-server', () => documentOf(liar));
  const bundle = documentOf(real);
  const { store, federation } = poll(t, { url, profile: 'https_spiffe', endpointSpiffeId, bundle });
  await until(() => federation.status(partner)?.fault !== undefined);
  assert.equal(store.x509(partner), undefined);
});

test('https_spiffe without any bundle of the server waits, and says what is missing', async (t) => {
  const domain = createTestDomain(partner);
  const url = await serve(t, domain, '/bundle-server', () => documentOf(domain));
  const { federation } = poll(t, { url, profile: 'https_spiffe', endpointSpiffeId });
  await until(() => federation.status(partner)?.fault !== undefined);
  assert.match(federation.status(partner)?.fault ?? '', /no bundle of the trust domain `partner.org`/);
});

test('https_spiffe, served by our own trust domain: the bundle of the agent authenticates the server', async (t) => {
  const other = createTestDomain(partner);
  let url = '';
  const shows = createTestDomain('example.org');
  url = await serve(t, shows, '/bundle-server', () => documentOf(other));
  const store = createBundleStore(() => undefined);
  store.setX509('svids', new Map([['example.org' as TrustDomain, readBundle(documentOf(shows)).x509]]));
  const endpoint = {
    url,
    profile: 'https_spiffe',
    endpointSpiffeId: 'spiffe://example.org/bundle-server',
  } as const;
  const options = { store, clock: testClock(), report: () => undefined, fetch: globalThis.fetch };
  const federation = startFederation({ federates: { [partner]: endpoint }, ...options });
  t.after(() => federation.stop());
  await until(() => store.x509(partner)?.length === 1);
});

test('an endpoint cannot change the bundle of a trust domain that the agent brings', async (t) => {
  const attacker = createTestDomain('example.org');
  const { fetch } = web(() => Response.json(documentOf(attacker)));
  const { own, workload } = await startRig(t, { federates: { 'example.org': webEndpoint }, fetch });
  assert.equal(workload.verifyPeer(own.svid('/peer').chain), `${own.id}/peer`);
  assert.notEqual(workload.verifyPeer(attacker.svid('/peer').chain), `${own.id}/peer`);
});

for (const [what, name, endpoint, expected] of [
  ['a name that is no trust domain', 'Partner.org', webEndpoint, /is not the name of a trust domain/],
  ['http', partner, { ...webEndpoint, url: 'http://partner.org/' }, /does not begin with https/],
  ['user information', partner, { ...webEndpoint, url: 'https://me:x@partner.org/' }, /holds a user name/],
  ['no URL', partner, { ...webEndpoint, url: 'partner.org' }, /is not a URL/],
  [
    'https_spiffe without SPIFFE ID',
    partner,
    { ...webEndpoint, profile: 'https_spiffe' },
    /needs `endpointSpiffeId`/,
  ],
  ['https_web with a SPIFFE ID', partner, { ...webEndpoint, endpointSpiffeId }, /takes no SPIFFE ID/],
] as const) {
  test(`an endpoint with ${what} is a fault of the configuration that names the setting`, () => {
    const options = {
      store: createBundleStore(() => undefined),
      clock: testClock(),
      report: () => undefined,
      fetch,
    };
    assert.throws(() => startFederation({ federates: { [name]: endpoint }, ...options }), expected);
  });
}

test('a bundle that was written for an endpoint verifies tokens of the one who wrote it', () => {
  const domain = createTestDomain(partner);
  const { jwt } = readBundle(parseJwks(Buffer.from(JSON.stringify(documentOf(domain)))));
  assert.equal(jwt[0]?.kid, domain.jwt.kid);
});
