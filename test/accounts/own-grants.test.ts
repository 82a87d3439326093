import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { modernBody, modernHeaders } from '../front/modern-message.ts';
import { type Page, ScriptedBrowser } from '../login/browser.ts';
import { type Company, companyClient, startCompany, vendorClient } from './company.ts';
import { bytesOf, connectClient, type RunningGateway, startWith } from './gateway.ts';
import { type GrantsServer, startGrantsServer } from './grants-server.ts';
import { type ProtectedServer, startProtectedServer } from './protected-server.ts';

const limit = { timeout: 30_000 };
const tool = { name: 'test_simple_text', arguments: {} };
const redirect = 'https://client.test/callback';
const verifier = 'a-verifier-that-is-long-enough-for-everybody-0123456789';
const kinds = ['asserted', 'exchanged', 'identified', 'service'] as const;
type Kind = (typeof kinds)[number];

interface ToolResult {
  readonly isError?: boolean;
  readonly content: readonly { readonly text?: string }[];
}

/** An upstream for each kind of credential, and a gateway before them. */
interface Place {
  readonly running: RunningGateway;
  readonly servers: Readonly<Record<Kind, ProtectedServer>>;
  readonly grants: GrantsServer;
  readonly stop: () => Promise<void>;
}

async function startPlace(authorizationServer: object): Promise<Place> {
  const grants = await startGrantsServer();
  const [asserted, exchanged, identified, service] = await Promise.all([
    startProtectedServer(() => grants.issuer),
    startProtectedServer(() => grants.issuer),
    startProtectedServer(() => grants.issuer),
    startProtectedServer(() => grants.issuer),
  ]);
  const exchange = { kind: 'exchange', tokenEndpoint: `${grants.issuer}/token`, ...vendorClient };
  const auths = {
    asserted: { kind: 'identity-assertion', ...vendorClient },
    exchanged: exchange,
    identified: { ...exchange, subjectToken: 'id_token' },
    service: { kind: 'client-credentials', ...vendorClient },
  };
  const servers = { asserted, exchanged, identified, service };
  const running = await startWith({
    servers: Object.fromEntries(kinds.map((kind) => [kind, { url: servers[kind].url, auth: auths[kind] }])),
    authorizationServer,
  });
  return {
    running,
    servers,
    grants,
    stop: async () => {
      await running.stop();
      for (const one of [asserted, exchanged, identified, service, grants]) one.stop();
    },
  };
}

async function call({ running }: Place, kind: Kind, token: string): Promise<ToolResult> {
  const url = running.gateway.endpoints[kind] ?? '';
  const client = await connectClient(url, token, { capabilities: {} });
  const result = (await client.callTool(tool)) as ToolResult;
  await client.close();
  return result;
}

/** What a call that gets no credential is told. */
async function refusal({ running }: Place, kind: Kind): Promise<string> {
  const response = await fetch(running.gateway.endpoints[kind] ?? '', {
    method: 'POST',
    headers: {
      authorization: `Bearer ${running.gateway.token?.value}`,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...modernHeaders('tools/call', tool.name),
    },
    body: modernBody('tools/call', tool),
  });
  assert.notEqual(response.status, 401);
  return response.text();
}

describe('with a login provider', () => {
  let company: Company;
  let place: Place;
  const held: { url?: string } = {};
  before(async () => {
    company = await startCompany(() => `${held.url}/as/login/callback`);
    place = await startPlace({
      login: 'provider',
      provider: { issuer: company.issuer, ...companyClient, scopes: ['profile', 'offline_access'] },
      clients: [{ id: 'app', name: 'An editor', redirectUris: [redirect] }],
    });
    held.url = place.running.gateway.url;
    place.grants.trusted.set(company.issuer, `${company.issuer}/jwks`);
    place.grants.userInfo.url = `${company.issuer}/me`;
  });
  after(async () => {
    await place?.stop();
    company?.stop();
  });

  /** A token for an endpoint, had by a login at the company. */
  async function logIn(browser: ScriptedBrowser, kind: Kind): Promise<string> {
    const { url, endpoints } = place.running.gateway;
    const query = new URLSearchParams({
      client_id: 'app',
      response_type: 'code',
      redirect_uri: redirect,
      resource: endpoints[kind] ?? '',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      state: 'a-state',
    });
    let page: Page = await browser.open(`${url}/as/authorize?${query}`);
    if (page.forms.some(({ action }) => action.endsWith('/provider')))
      page = await browser.submit(page, 'provider');
    if (page.forms.some(({ action }) => action.endsWith('/consent')))
      page = await browser.submit(page, 'consent');
    const response = await fetch(`${url}/as/token`, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: 'app',
        grant_type: 'authorization_code',
        code: page.url.searchParams.get('code') ?? '',
        redirect_uri: redirect,
        code_verifier: verifier,
        resource: endpoints[kind] ?? '',
      }),
    });
    const answer = (await response.json()) as { readonly access_token?: string };
    assert.ok(answer.access_token !== undefined, JSON.stringify(answer));
    return answer.access_token;
  }

  test('an identity assertion of the provider opens the upstream for its user', limit, async () => {
    const token = await logIn(new ScriptedBrowser(), 'asserted');
    const result = await call(place, 'asserted', token);
    assert.equal(result.isError, undefined, JSON.stringify([result, place.running.events]));
    assert.deepEqual(place.servers.asserted.callers, ['alice']);
    assert.deepEqual(company.vouchedAt, [place.grants.issuer]);
    assert.ok(place.grants.given.includes('jwt-bearer, alice'));
    assert.ok(!place.servers.asserted.received().includes(token.split('.')[2] ?? 'missing'));
  });

  test('what the provider says is exchanged for a token of the upstream', limit, async () => {
    const result = await call(place, 'exchanged', await logIn(new ScriptedBrowser(), 'exchanged'));
    assert.equal(result.isError, undefined, JSON.stringify([result, place.running.events]));
    assert.deepEqual(place.servers.exchanged.callers, ['alice']);
    assert.deepEqual(place.grants.given.at(-1), 'token-exchange, alice');
    assert.equal(place.grants.shown.at(-1), 'access_token');
  });

  test('its ID token is exchanged where the settings say so', limit, async () => {
    const result = await call(place, 'identified', await logIn(new ScriptedBrowser(), 'identified'));
    assert.equal(result.isError, undefined, JSON.stringify([result, place.running.events]));
    assert.deepEqual(place.servers.identified.callers, ['alice']);
    assert.equal(place.grants.shown.at(-1), 'id_token');
  });

  test('an access token that has ended is renewed before it is exchanged', limit, async () => {
    company.user = 'carol';
    company.accessTokenSeconds = 1;
    const token = await logIn(new ScriptedBrowser(), 'exchanged');
    company.accessTokenSeconds = 300;
    await sleep(1_100);
    const result = await call(place, 'exchanged', token);
    company.user = 'alice';
    assert.equal(result.isError, undefined, JSON.stringify([result, place.running.events]));
    assert.deepEqual(place.servers.exchanged.callers, ['alice', 'carol']);
    assert.equal(place.grants.shown.at(-1), 'access_token');
  });

  test('each user has a token of their own', limit, async () => {
    company.user = 'bob';
    assert.equal(
      (await call(place, 'asserted', await logIn(new ScriptedBrowser(), 'asserted'))).isError,
      undefined,
    );
    company.user = 'alice';
    assert.deepEqual(place.servers.asserted.callers, ['alice', 'bob']);
  });

  test('a user for whom the provider never spoke is asked to log in', limit, async () => {
    assert.match(await refusal(place, 'asserted'), /log in at the gateway anew/);
    assert.deepEqual(place.servers.asserted.callers, ['alice', 'bob']);
  });

  test('the gateway is a client of its own where it acts for nobody', limit, async () => {
    const result = await call(place, 'service', place.running.gateway.token?.value ?? '');
    assert.equal(result.isError, undefined, JSON.stringify([result, place.running.events]));
    assert.deepEqual(place.servers.service.callers, [vendorClient.clientId]);
    assert.deepEqual(
      place.grants.given.filter((one) => one.startsWith('client_credentials')),
      ['client_credentials, gateway-there'],
    );
  });

  test('its ID tokens are kept, and cannot be read', async () => {
    const bytes = await bytesOf(place.running.state);
    assert.ok(bytes.includes('login provider'));
    assert.equal(company.idTokens.length, 2);
    for (const token of company.idTokens) assert.ok(!bytes.includes(token.slice(-30)));
  });
});

describe('without a login provider', () => {
  let place: Place;
  before(async () => {
    place = await startPlace({});
    const { url } = place.running.gateway;
    place.grants.trusted.set(`${url}/as`, `${url}/as/jwks`);
  });
  after(() => place?.stop());

  test('the gateway vouches for its users itself', limit, async () => {
    const token = place.running.gateway.token?.value ?? '';
    for (const kind of ['asserted', 'exchanged'] as const) {
      const result = await call(place, kind, token);
      assert.equal(result.isError, undefined, JSON.stringify([result, place.running.events]));
      assert.deepEqual(place.servers[kind].callers, ['owner']);
    }
    assert.deepEqual(place.grants.given, ['jwt-bearer, owner', 'token-exchange, owner']);
  });

  test('an upstream that does not trust it gets no call, and the operator is told why', limit, async () => {
    const untrusted = await startPlace({});
    const told = await refusal(untrusted, 'asserted');
    await untrusted.stop();
    assert.match(told, /the gateway got no token for the server behind it/);
    assert.deepEqual(untrusted.servers.asserted.callers, []);
    const event = untrusted.running.events.find((one) => one.event === 'no token for an upstream');
    assert.match(event?.facts['why'] ?? '', /invalid_grant/);
  });
});
