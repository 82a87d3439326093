import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { ScriptedBrowser } from '../../login/browser.ts';
import { type Listening, listen } from './listening-server.ts';

const page = '/connect/to/notes';

/** Follows a login for a page until it leads to the page itself. */
async function follow(browser: ScriptedBrowser, { server, origin }: Listening): Promise<readonly URL[]> {
  const way: URL[] = [];
  let at = new URL(server.loginUrl(page));
  while (at.pathname !== page) {
    way.push(at);
    assert.ok(way.length < 12, way.join(' '));
    const location = (await browser.request(at.href)).headers.get('location');
    assert.ok(location !== null, `no redirect at ${at.href}`);
    at = new URL(location, at);
    assert.equal(at.origin, origin);
  }
  return way;
}

function requestOf(browser: ScriptedBrowser, origin: string): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.url = page;
  request.headers.host = new URL(origin).host;
  request.headers.cookie = browser.cookiesFor(new URL(page, origin));
  return request;
}

test('a login for a page of the gateway asks for no consent, leads back, and is known then', async (t) => {
  const listening = await listen(t);
  const browser = new ScriptedBrowser();
  assert.equal(
    await listening.server.sessionAccount(requestOf(browser, listening.origin)).catch(() => undefined),
    undefined,
  );
  const way = await follow(browser, listening);
  assert.equal(way.filter(({ pathname }) => pathname.startsWith('/as/interaction/')).length, 1);
  assert.equal(way.at(-1)?.pathname, '/as/continue');
  assert.equal(await listening.server.sessionAccount(requestOf(browser, listening.origin)), 'alice');
});

test('who is logged in already is led back without a page', async (t) => {
  const listening = await listen(t);
  const browser = new ScriptedBrowser();
  await follow(browser, listening);
  const way = await follow(browser, listening);
  assert.deepEqual(
    way.map(({ pathname }) => pathname),
    ['/as/authorize', '/as/continue'],
  );
});

test('the code of such a login is good for nothing', async (t) => {
  const listening = await listen(t);
  const way = await follow(new ScriptedBrowser(), listening);
  const code = way.at(-1)?.searchParams.get('code') ?? '';
  const first = new URL(listening.server.loginUrl(page));
  const form = {
    grant_type: 'authorization_code',
    client_id: first.searchParams.get('client_id') ?? '',
    redirect_uri: first.searchParams.get('redirect_uri') ?? '',
    code,
  };
  for (const more of [{}, { code_verifier: first.searchParams.get('code_challenge') ?? '' }]) {
    const response = await fetch(`${listening.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({ ...form, ...more }),
    });
    assert.equal(response.status, 400, await response.text());
  }
});

test('a login leads to pages where accounts are connected, and to no other place', async (t) => {
  const { server, issuer } = await listen(t);
  const secret = 'a'.repeat(43);
  for (const good of ['/connect', '/connect/to/team-files', `/connect/${secret}`]) server.loginUrl(good);
  const wrong = ['', '/', '/connect/', '//evil.example', '/connect/../as/authorize', '/connect/to/', '/mcp'];
  for (const place of [...wrong, '/connect/to/a/b', '/connect?x=1', 'https://evil.example/connect']) {
    assert.throws(() => server.loginUrl(place), /leads back to a page of the gateway/, place);
    const answer = await fetch(`${issuer}/continue?${new URLSearchParams({ code: 'x', state: place })}`, {
      redirect: 'manual',
    });
    assert.equal(answer.status, 400, place);
    assert.equal(answer.headers.get('location'), null);
  }
});

test('a login that did not succeed leads nowhere', async (t) => {
  const { issuer } = await listen(t);
  const query = new URLSearchParams({ error: 'access_denied', state: page });
  const answer = await fetch(`${issuer}/continue?${query}`, { redirect: 'manual' });
  assert.equal(answer.status, 400);
  assert.match(await answer.text(), /did not succeed/);
});
