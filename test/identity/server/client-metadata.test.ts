import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { calculatePKCECodeChallenge } from 'oauth4webapi';
import { guardedFetch } from '../../../src/identity/guarded-fetch.ts';
import { createCertificateAuthority } from '../../../src/identity/spiffe/testing/certificate-authority.ts';
import { browser } from './browser.ts';
import { type Listening, listen } from './listening-server.ts';

const verifier = 'a-verifier-of-at-least-forty-three-characters-';

async function authorizeUrl({ issuer, origin }: Listening, id: string, redirectUri: string): Promise<string> {
  const url = new URL(`${issuer}/authorize`);
  const parameters = {
    client_id: id,
    response_type: 'code',
    redirect_uri: redirectUri,
    resource: `${origin}/mcp`,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

/** A site of a client, at `client.example` as far as the guard can tell. */
async function site(
  t: TestContext,
  answers: Readonly<Record<string, { status: number; location?: string; body?: unknown }>>,
): Promise<{ base: string; ca: string; asked: string[] }> {
  const root = createCertificateAuthority('client.example');
  const { certificate, privateKey } = root.issue({ uris: [], dns: ['client.example'], commonName: 'site' });
  const asked: string[] = [];
  const server = createServer(
    {
      cert: new X509Certificate(certificate).toString(),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    },
    ({ url = '' }, response) => {
      asked.push(url);
      const { status, location, body } = answers[url] ?? { status: 404 };
      if (location !== undefined) response.setHeader('Location', location);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}));
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return {
    base: `https://client.example:${port}`,
    ca: new X509Certificate(root.certificate).toString(),
    asked,
  };
}

function document(id: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { client_id: id, client_name: 'A client', redirect_uris: ['http://127.0.0.1/callback'], ...more };
}

test('a client that is known by its metadata document alone gets a token, at any port of its loopback redirect', async (t) => {
  const answers: Record<string, { status: number; body?: unknown }> = {};
  const { base, ca } = await site(t, answers);
  const id = `${base}/client.json`;
  answers['/client.json'] = { status: 200, body: document(id) };
  const fetcher = guardedFetch({ allowLoopback: true, resolve: () => Promise.resolve(['127.0.0.1']), ca });
  const listening = await listen(t, { guardedFetch: fetcher });
  const redirectUri = 'http://127.0.0.1:54321/callback';
  const answer = await browser().follow(await authorizeUrl(listening, id, redirectUri));
  assert.equal(`${answer.origin}${answer.pathname}`, redirectUri);
  const response = await fetch(`${listening.issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: id,
      code: answer.searchParams.get('code') ?? '',
      redirect_uri: redirectUri,
      code_verifier: verifier,
    }),
  });
  const body = (await response.json()) as Record<string, unknown>;
  assert.equal(response.status, 200, JSON.stringify(body));
  assert.equal(body['token_type'], 'Bearer');
});

test('a document that is another one, answers with a redirect, or holds a secret makes no client', async (t) => {
  const answers: Record<string, { status: number; location?: string; body?: unknown }> = {};
  const { base, ca, asked } = await site(t, answers);
  const cases: Record<string, { status: number; location?: string; body?: unknown }> = {
    '/other.json': { status: 200, body: document('https://other.example/client.json') },
    '/moved.json': { status: 302, location: 'https://127.0.0.1/client.json' },
    '/moved-inside.json': { status: 301, location: `${base}/real.json` },
    '/secret.json': { status: 200, body: document(`${base}/secret.json`, { client_secret: 'x' }) },
    '/plain.json': {
      status: 200,
      body: document(`${base}/plain.json`, { redirect_uris: ['http://client.example/callback'] }),
    },
  };
  Object.assign(answers, cases, {
    '/real.json': { status: 200, body: document(`${base}/moved-inside.json`) },
  });
  const fetcher = guardedFetch({ allowLoopback: true, resolve: () => Promise.resolve(['127.0.0.1']), ca });
  const listening = await listen(t, { guardedFetch: fetcher });
  for (const path of Object.keys(cases)) {
    const url = await authorizeUrl(listening, `${base}${path}`, 'http://127.0.0.1:1/callback');
    const response = await browser().get(url);
    assert.equal(response.status, 400, path);
    assert.equal(response.headers.get('location'), null, path);
  }
  assert.deepEqual(asked, Object.keys(cases));
  const told = listening.reports.filter((report) =>
    report.startsWith('request refused: {"endpoint":"authorize"'),
  );
  assert.equal(told.length, Object.keys(cases).length, listening.reports.join('\n'));
});

test('a metadata document at the address of the cloud, in the network of the gateway, or behind such a name is never fetched', async (t) => {
  const connected: string[] = [];
  const resolve = (host: string): Promise<readonly string[]> => {
    connected.push(host);
    return Promise.resolve(
      host === 'rebinding.example' ? ['93.184.216.34', '10.0.0.7'] : ['169.254.169.254'],
    );
  };
  const listening = await listen(t, { guardedFetch: guardedFetch({ resolve }) });
  for (const host of [
    '169.254.169.254',
    '127.0.0.1',
    '10.1.2.3',
    '100.64.0.1',
    '[::1]',
    '[fd00::1]',
    '[::ffff:169.254.169.254]',
    '2130706433',
    'metadata.example',
    'rebinding.example',
  ]) {
    const url = await authorizeUrl(listening, `https://${host}/client.json`, 'http://127.0.0.1:1/callback');
    const response = await browser().get(url);
    assert.equal(response.status, 400, host);
    assert.match(await response.text(), /client_id metadata document|invalid_client/, host);
  }
  assert.deepEqual(connected, ['metadata.example', 'rebinding.example']);
});

test('with a list of hosts no other document is fetched', async (t) => {
  const fetched: string[] = [];
  const spy: typeof fetch = (input) => {
    fetched.push(new Request(input).url);
    return Promise.reject(new TypeError('nobody there'));
  };
  const listening = await listen(t, {
    guardedFetch: spy,
    settings: { clientMetadata: { enabled: true, allowedHosts: ['good.example', '*.vendor.example'] } },
  });
  for (const host of ['good.example', 'a.vendor.example', 'evil.example', 'vendor.example', 'xgood.example'])
    await browser().get(
      await authorizeUrl(listening, `https://${host}/c.json`, 'http://127.0.0.1:1/callback'),
    );
  assert.deepEqual(fetched, ['https://good.example/c.json', 'https://a.vendor.example/c.json']);
});

test('nobody registers unless that is set, and the metadata say so', async (t) => {
  const { issuer, server } = await listen(t);
  const response = await fetch(`${issuer}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: ['https://app.example/callback'] }),
  });
  assert.equal(response.status, 404);
  assert.equal(server.metadata()['registration_endpoint'], undefined);
});

test('with registration on, a client registers and is known at every replica', async (t) => {
  const settings = { dynamicRegistration: true };
  const one = await listen(t, { settings });
  const two = await listen(t, {
    settings,
    documents: one.documents,
    replay: one.replay,
    origin: one.origin,
  });
  assert.equal(one.server.metadata()['registration_endpoint'], `${one.issuer}/register`);
  const register = async (metadata: Readonly<Record<string, unknown>>): Promise<Response> =>
    await fetch(`${one.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(metadata),
    });
  const refused = await register({ redirect_uris: ['http://app.example/callback'] });
  assert.equal(refused.status, 400);
  assert.equal(((await refused.json()) as { error: string }).error, 'invalid_redirect_uri');
  const response = await register({ redirect_uris: ['https://dynamic.example/callback'], client_name: 'D' });
  assert.equal(response.status, 201);
  const { client_id: id } = (await response.json()) as { client_id: string };
  const reach = (url: string): string => url.replace(one.origin, two.origin);
  const url = await authorizeUrl(one, id, 'https://dynamic.example/callback');
  const answer = await browser(reach).follow(url);
  assert.equal(answer.host, 'dynamic.example');
  assert.ok(answer.searchParams.has('code'));
  const elsewhere = await browser().get(await authorizeUrl(one, id, 'https://evil.example/callback'));
  assert.equal(elsewhere.status, 400);
});

test('no client that describes itself gets a token without a user', async (t) => {
  const answers: Record<string, { status: number; body?: unknown }> = {};
  const { base, ca } = await site(t, answers);
  const id = `${base}/client.json`;
  answers['/client.json'] = {
    status: 200,
    body: document(id, { grant_types: ['authorization_code', 'client_credentials'] }),
  };
  const fetcher = guardedFetch({ allowLoopback: true, resolve: () => Promise.resolve(['127.0.0.1']), ca });
  const listening = await listen(t, { guardedFetch: fetcher, settings: { dynamicRegistration: true } });
  const registered = await fetch(`${listening.issuer}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      redirect_uris: ['https://dynamic.example/callback'],
      grant_types: ['authorization_code', 'client_credentials'],
      token_endpoint_auth_method: 'client_secret_post',
    }),
  });
  const body = (await registered.json()) as Record<string, string>;
  assert.equal(registered.status, 201, JSON.stringify(body));
  const { client_id: dynamic = '', client_secret: secret = '' } = body;
  const clients = [{ client_id: id }, { client_id: dynamic, client_secret: secret }];
  for (const client of clients) {
    const response = await fetch(`${listening.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        resource: `${listening.origin}/mcp`,
        ...client,
      }),
    });
    assert.deepEqual(
      [response.status, ((await response.json()) as { error: string }).error],
      [400, 'unauthorized_client'],
    );
  }
});
