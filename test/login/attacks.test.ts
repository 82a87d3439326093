import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { type Page, ScriptedBrowser } from './browser.ts';
import { type LoginGateway, redirectUri, setUpOwner, startLoginGateway, thePassword } from './gateway.ts';

const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>\u202egnp.exe`;
let gateway: LoginGateway;

before(async () => {
  gateway = await startLoginGateway({
    client: {
      client_name: evil,
      redirect_uris: [redirectUri, `https://client.test/%22%3E%3Cscript%3E'callback`],
    },
    describeResource: () => evil,
    describeScope: () => evil,
  });
  await setUpOwner(gateway);
});
after(() => gateway?.stop());

async function consentPage(browser: ScriptedBrowser, more = {}): Promise<Page> {
  const page = await browser.open(gateway.authorizationUrl(more));
  return browser.submit(page, 'password', { password: thePassword });
}

/** A form as another site, or a thief, would send it. */
function forged(
  browser: ScriptedBrowser,
  page: Page,
  step: string,
  { origin, members }: { origin?: string; members: Readonly<Record<string, string>> },
): Promise<Page> {
  return browser.open(
    `${page.url.origin}${page.url.pathname.replace(/\/(?:password|consent)$/, '')}/${step}`,
    {
      method: 'POST',
      headers: {
        ...(origin === undefined ? {} : { origin }),
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams(members).toString(),
    },
  );
}

describe('a consent is refused', () => {
  const token = (page: Page): Record<string, string> => ({ ...page.forms[0]?.members });
  const table: readonly (readonly [
    string,
    (own: Page, other: Page) => { origin?: string; members: Record<string, string> },
  ])[] = [
    ['without a form token', () => ({ origin: gateway.origin, members: {} })],
    [
      'with a made-up form token',
      () => ({ origin: gateway.origin, members: { form_token: 'A'.repeat(43) } }),
    ],
    [
      'with the form token of another interaction of the same browser',
      (_, other) => ({ origin: gateway.origin, members: token(other) }),
    ],
    ['from another origin', (own) => ({ origin: 'https://evil.test', members: token(own) })],
    ['from an origin that hides itself', (own) => ({ origin: 'null', members: token(own) })],
    ['without any origin', (own) => ({ members: token(own) })],
  ];
  for (const [name, make] of table) {
    test(name, async () => {
      const browser = new ScriptedBrowser();
      const own = await consentPage(browser);
      const other = await browser.open(gateway.authorizationUrl());
      const answer = await forged(browser, own, 'consent', make(own, other));
      assert.equal(answer.status, 403, answer.text);
      assert.deepEqual(await gateway.interactions.consents.list('owner'), []);
    });
  }

  test('in a browser that lacks the cookie of the form', async () => {
    const browser = new ScriptedBrowser();
    const own = await consentPage(browser);
    const cookies = browser
      .cookiesFor(own.url)
      .split('; ')
      .filter((pair) => !pair.startsWith('bartizan-browser='));
    const status = await rawPost(own.url, cookies.join('; '), new URLSearchParams(token(own)).toString());
    assert.equal(status, 403);
  });

  test('for an interaction of another browser', async () => {
    const own = await consentPage(new ScriptedBrowser());
    const thief = new ScriptedBrowser();
    await consentPage(thief);
    const answer = await forged(thief, own, 'consent', { origin: gateway.origin, members: token(own) });
    assert.equal(answer.status, 400);
  });

  test('before anybody logged in', async () => {
    const browser = new ScriptedBrowser();
    const page = await browser.open(gateway.authorizationUrl());
    const answer = await forged(browser, page, 'consent', { origin: gateway.origin, members: token(page) });
    assert.equal(answer.status, 404);
  });
});

function rawPost(url: URL, cookie: string, body: string): Promise<number | undefined> {
  const headers = { cookie, origin: url.origin, 'content-type': 'application/x-www-form-urlencoded' };
  return new Promise((resolve, reject) => {
    const sent = request(`${url.href}/consent`, { method: 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('error', reject).end(body);
  });
}

test('what strangers named themselves is text on the pages, and turns no reading direction', async () => {
  const browser = new ScriptedBrowser();
  const login = await browser.open(
    gateway.authorizationUrl({ redirect_uri: `https://client.test/%22%3E%3Cscript%3E'callback` }),
  );
  const consent = await browser.submit(login, 'password', { password: thePassword });
  for (const { text } of [login, consent]) {
    assert.match(text, /&#62;&#60;script&#62;alert/);
    assert.doesNotMatch(text, /<script>|<img|\u202e|'callback/);
  }
  assert.equal(consent.text.match(/<script/g), null);
});

test('no page can be framed, kept, or made to load or run anything from elsewhere', async () => {
  const browser = new ScriptedBrowser();
  const pages = [
    await browser.open((await startedLink()) ?? `${gateway.base}/setup`),
    await browser.open(gateway.authorizationUrl()),
    await consentPage(new ScriptedBrowser()),
    await browser.open(`${gateway.base}/interaction/unknown`),
    await browser.open(`${gateway.base}/assets/none`),
    await browser.open(`${gateway.base}/assets/passkey.js`),
  ];
  for (const { headers, text, url } of pages) {
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.match(policy, /form-action 'self'; base-uri 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*/);
    assert.equal(headers.get('x-frame-options'), 'DENY');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('referrer-policy'), 'same-origin');
    if (!url.pathname.includes('/assets/passkey')) assert.equal(headers.get('cache-control'), 'no-store');
    assert.doesNotMatch(text, /<[^>]* style=|<[^>]* on\w+=|(?:src|href)="(?:https?:)?\/\//);
  }
});

async function startedLink(): Promise<string | undefined> {
  return gateway.interactions.setupLink();
}

describe('leads nowhere else (open redirect):', () => {
  test('a redirect URI that is not registered', async () => {
    const page = await new ScriptedBrowser().open(
      gateway.authorizationUrl({ redirect_uri: 'https://evil.test/' }),
    );
    assert.equal(page.url.origin, gateway.origin);
    assert.equal(page.status, 400);
  });

  for (const path of [
    '//evil.test/as/login/callback',
    '/as/login/callback?return_to=https://evil.test&state=x',
    '/as/interaction//evil.test',
    '/as/setup//evil.test',
  ]) {
    test(path, async () => {
      const response = await new ScriptedBrowser().request(`${gateway.origin}${path}`);
      assert.doesNotMatch(response.headers.get('location') ?? '', /evil/);
      assert.doesNotMatch(response.headers.get('refresh') ?? '', /evil/);
      assert.ok(response.status >= 400);
    });
  }
});

test('a form that is too large, no form, or twice the same member is not read', async () => {
  const browser = new ScriptedBrowser();
  const page = await browser.open(gateway.authorizationUrl());
  const send = async (type: string, body: string): Promise<number> =>
    (
      await browser.request(`${page.url.href}/password`, {
        method: 'POST',
        headers: { origin: gateway.origin, 'content-type': type },
        body,
      })
    ).status;
  assert.equal(await send('application/x-www-form-urlencoded', `password=${'a'.repeat(70_000)}`), 413);
  assert.equal(await send('text/plain', 'password=a'), 415);
  assert.equal(await send('application/x-www-form-urlencoded', 'password=a&password=b'), 400);
  assert.equal(await send('application/json', '[]'), 400);
  assert.equal((await browser.request(page.url.href, { method: 'DELETE' })).status, 405);
  assert.deepEqual(gateway.faults, []);
});
