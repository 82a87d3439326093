import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Page, ScriptedBrowser } from './browser.ts';
import {
  type LoginGateway,
  payload,
  redirectUri,
  setUpOwner,
  startLoginGateway,
  thePassword,
} from './gateway.ts';

const local = 'http://localhost:33418/callback';

async function logIn(gateway: LoginGateway, browser: ScriptedBrowser, more = {}): Promise<Page> {
  const page = await browser.open(gateway.authorizationUrl(more));
  return browser.submit(page, 'password', { password: thePassword });
}

describe('the set-up link', () => {
  let gateway: LoginGateway;
  before(async () => {
    gateway = await startLoginGateway();
  });
  after(() => gateway.stop());

  test('says so at the login while there is no owner', async () => {
    const page = await new ScriptedBrowser().open(gateway.authorizationUrl());
    assert.equal(page.status, 403);
    assert.match(page.text, /no owner yet/);
  });

  test('is void once a newer one was made', async () => {
    const old = await gateway.interactions.setupLink();
    await gateway.interactions.setupLink();
    assert.equal((await new ScriptedBrowser().open(old ?? '')).status, 403);
  });

  test('is void after 30 minutes', async () => {
    const link = await gateway.interactions.setupLink();
    gateway.clock.time += 30 * 60_000 + 1;
    assert.equal((await new ScriptedBrowser().open(link ?? '')).status, 403);
  });

  test('is not kept where it can be read, and leaves the address at once', async () => {
    const link = (await gateway.interactions.setupLink()) ?? '';
    const token = link.split('/').at(-1) ?? '';
    const kept = JSON.stringify(await gateway.documents.find('login-setup', { limit: 10 }));
    assert.ok(token.length === 43 && !kept.includes(token));
    const page = await new ScriptedBrowser().open(link);
    assert.equal(page.url.href, `${gateway.base}/setup`);
    assert.ok(!page.text.includes(token));
  });

  test('takes no weak password and none that was mistyped', async () => {
    const browser = new ScriptedBrowser();
    const page = await browser.open((await gateway.interactions.setupLink()) ?? '');
    for (const [password, repeated, fault] of [
      ['short', 'short', /at least 12 characters/],
      ['aaaaaaaaaaaaaaaa', 'aaaaaaaaaaaaaaaa', /too easy/],
      [thePassword, 'something else', /two passwords differ/],
    ] as const) {
      const answer = await browser.submit(page, 'password', { password, repeated });
      assert.equal(answer.status, 400);
      assert.match(answer.text, fault);
    }
    assert.equal(await gateway.interactions.findAccount('owner'), undefined);
    const finish = await browser.open(`${gateway.base}/setup/finish`, {
      method: 'POST',
      headers: { origin: gateway.origin, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(page.forms[0]?.members).toString(),
    });
    assert.equal(finish.status, 400);
    assert.equal((await browser.open(`${gateway.base}/setup`)).status, 200);
  });

  test('is good in one browser alone, and never again once there is an owner', async () => {
    const link = (await gateway.interactions.setupLink()) ?? '';
    const [first, second] = [new ScriptedBrowser(), new ScriptedBrowser()];
    const [own, other] = [await first.open(link), await second.open(link)];
    const members = { password: thePassword, repeated: thePassword };
    const set = await first.submit(own, 'password', members);
    assert.match(set.text, /A password is set/);
    assert.equal((await second.submit(other, 'password', members)).status, 403);
    assert.equal((await new ScriptedBrowser().open(link)).status, 403);
    assert.match((await first.submit(set, 'finish')).text, /The owner is set up/);
    assert.equal((await first.open(link)).status, 403);
    assert.equal(await gateway.interactions.setupLink(), undefined);
  });
});

test('the owner stays the owner when the gateway is reached at another address', async (t) => {
  const first = await startLoginGateway();
  t.after(() => first.stop());
  await setUpOwner(first);
  const moved = await startLoginGateway({ documents: first.documents });
  t.after(() => moved.stop());
  assert.notEqual(moved.origin, first.origin);
  assert.equal(await moved.interactions.setupLink(), undefined);
  const browser = new ScriptedBrowser();
  const back = await browser.submit(await logIn(moved, browser), 'consent');
  const tokens = await moved.redeem(back.url);
  assert.equal(payload(tokens['access_token'])['sub'], 'owner');
});

describe('the owner', () => {
  let gateway: LoginGateway;
  before(async () => {
    gateway = await startLoginGateway({ client: { redirect_uris: [redirectUri] } });
    await setUpOwner(gateway);
  });
  after(() => gateway.stop());

  test('logs in by password, allows, and the application gets tokens of hers', async () => {
    const browser = new ScriptedBrowser();
    const consent = await logIn(gateway, browser, { max_age: '300' });
    const back = await browser.submit(consent, 'consent');
    assert.equal(back.url.origin + back.url.pathname, redirectUri);
    assert.equal(back.url.searchParams.get('state'), 'state-of-the-application');
    const tokens = await gateway.redeem(back.url);
    const claims = payload(tokens['access_token']);
    assert.deepEqual([claims['sub'], claims['roles']], ['owner', ['owner']]);
    const idToken = payload(tokens['id_token']);
    assert.deepEqual(idToken['amr'], ['pwd']);
    assert.ok(Math.abs(Number(idToken['auth_time']) - Date.now() / 1000) < 30);
  });

  test('reads who asks for what, in plain words', async () => {
    const { text } = await logIn(gateway, new ScriptedBrowser());
    assert.match(text, /<b>Test Editor<\/b> asks to act for you/);
    assert.match(text, /<dd><code>https:\/\/client\.test\/callback<\/code><\/dd>/);
    assert.match(text, /Keep this access while you are away/);
    assert.ok(text.includes(`${gateway.origin}/mcp</code>`));
    assert.doesNotMatch(text, /runs on your own computer/);
  });

  test('is not asked again for what she allowed, and is asked for more', async () => {
    const quiet = { prompt: '', scope: 'openid mcp' };
    const first = new ScriptedBrowser();
    await first.submit(await logIn(gateway, first), 'consent');
    assert.equal((await logIn(gateway, new ScriptedBrowser(), quiet)).url.host, 'client.test');
    const more = await logIn(gateway, new ScriptedBrowser(), { ...quiet, scope: 'openid mcp:write' });
    assert.match(more.text, /Allow access\?/);
    const other = await logIn(gateway, new ScriptedBrowser(), {
      ...quiet,
      resource: `${gateway.origin}/mcp/github`,
    });
    assert.match(other.text, /Allow access\?/);
    assert.match(
      (await logIn(gateway, new ScriptedBrowser(), { ...quiet, prompt: 'consent' })).text,
      /Allow access\?/,
    );
  });

  test('withdraws a consent: its refresh tokens end, and the next login asks again', async () => {
    const browser = new ScriptedBrowser();
    const back = await browser.submit(await logIn(gateway, browser), 'consent');
    const tokens = await gateway.redeem(back.url);
    const [consent] = await gateway.interactions.consents.list('owner');
    assert.equal(consent?.client, 'app');
    assert.deepEqual(consent?.rights.resources, { [`${gateway.origin}/mcp`]: ['mcp'] });
    assert.equal(await gateway.interactions.consents.withdraw('owner', 'app'), true);
    assert.deepEqual(await gateway.interactions.consents.list('owner'), []);
    assert.equal((await gateway.refresh(String(tokens['refresh_token'])))['error'], 'invalid_grant');
    const again = await browser.open(gateway.authorizationUrl({ prompt: '', scope: 'openid mcp' }));
    assert.match(again.text, /Allow access\?/);
    assert.equal(await gateway.interactions.consents.withdraw('owner', 'app'), false);
  });

  test('says no, and the application hears it', async () => {
    const browser = new ScriptedBrowser();
    const back = await browser.submit(await logIn(gateway, browser), 'cancel');
    assert.equal(back.url.searchParams.get('error'), 'access_denied');
    const early = await new ScriptedBrowser().open(gateway.authorizationUrl());
    assert.ok(early.forms.some(({ action }) => action.endsWith('/cancel')));
  });

  test('guessing gets slower, whatever is guessed at the same moment', async () => {
    const browser = new ScriptedBrowser();
    const page = await browser.open(gateway.authorizationUrl());
    const guesses = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        browser.submit(page, 'password', { password: `guess number ${index}` }),
      ),
    );
    const statuses = guesses.map(({ status }) => status);
    assert.ok(statuses.filter((status) => status === 403).length <= 5, statuses.join());
    const right = await browser.submit(page, 'password', { password: thePassword });
    assert.equal(right.status, 429);
    assert.ok(Number(right.headers.get('retry-after')) >= 1);
    gateway.clock.time += 61_000;
    assert.match((await browser.submit(page, 'password', { password: thePassword })).text, /Allow access\?/);
  });
});

describe('an application on the same computer', () => {
  let gateway: LoginGateway;
  before(async () => {
    gateway = await startLoginGateway({
      client: { redirect_uris: [local], application_type: 'native', client_name: 'Local Tool' },
    });
    await setUpOwner(gateway);
  });
  after(() => gateway.stop());

  test('is shown with a warning and asked about every time', async () => {
    const browser = new ScriptedBrowser();
    const more = { redirect_uri: local, prompt: '', scope: 'openid mcp' };
    const consent = await logIn(gateway, browser, more);
    assert.match(consent.text, /runs on your own computer/);
    await browser
      .submit(consent, 'consent')
      .catch((fault: unknown) => assert.match(String(fault), /fetch failed/));
    assert.equal((await gateway.interactions.consents.list('owner')).length, 1);
    assert.match((await browser.open(gateway.authorizationUrl(more))).text, /You allowed before/);
  });
});

describe('an application that is known by its metadata document', () => {
  test('is shown with the host that vouches for it, and with a warning when only this computer answers', async (t) => {
    const id = 'https://tools.example/mcp/client.json';
    const gateway = await startLoginGateway({
      client: {
        client_id: id,
        client_name: 'Bank of Trust',
        redirect_uris: [local],
        application_type: 'native',
      },
    });
    t.after(gateway.stop);
    await setUpOwner(gateway);
    const consent = await logIn(gateway, new ScriptedBrowser(), { client_id: id, redirect_uri: local });
    assert.match(consent.text, /<dt>Published by<\/dt><dd><b>tools\.example<\/b>/);
    assert.match(consent.text, /runs on your own computer/);
    assert.ok(consent.text.includes(`<code>${local}</code>`));
  });
});

describe('a gateway at an address instead of a name', () => {
  test('offers no passkey, which browsers bind to names', async (t) => {
    const gateway = await startLoginGateway({ host: '127.0.0.1' });
    t.after(gateway.stop);
    const setup = await new ScriptedBrowser().open((await gateway.interactions.setupLink()) ?? '');
    assert.match(setup.text, /Passkeys need a host name/);
    await setUpOwner(gateway);
    const login = await new ScriptedBrowser().open(gateway.authorizationUrl());
    assert.doesNotMatch(login.text, /data-passkey/);
  });
});
