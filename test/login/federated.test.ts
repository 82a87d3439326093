import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { LoginUser, ProviderTokens } from '../../src/identity/login/options.ts';
import { type Page, ScriptedBrowser } from './browser.ts';
import { type LoginGateway, payload, redirectUri, startLoginGateway } from './gateway.ts';
import { clientId, clientSecret, type Idp, startIdp } from './idp.ts';

let idp: Idp;
let gateway: LoginGateway;
const taken: { user: LoginUser; tokens: ProviderTokens }[] = [];
/** What the gateway gets instead of the answer of the token endpoint. */
let forge: ((tokens: Record<string, unknown>) => Promise<Record<string, unknown>>) | undefined;

before(async () => {
  const held: { gateway?: LoginGateway } = {};
  idp = await startIdp(() => `${held.gateway?.base}/login/callback`);
  gateway = await startLoginGateway({
    settings: {
      login: 'provider',
      provider: {
        issuer: idp.issuer,
        clientId,
        clientSecret,
        scopes: ['profile', 'groups', 'offline_access'],
        kind: 'generic',
        claims: { roles: '/department/roles', groups: 'groups' },
      },
    },
    onUpstreamTokens: async (user, tokens) => void taken.push({ user, tokens }),
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      if (forge === undefined || !String(input).endsWith('/token')) return response;
      const tokens = await forge((await response.json()) as Record<string, unknown>);
      return Response.json(tokens);
    },
  });
  held.gateway = gateway;
});
after(() => {
  gateway?.stop();
  idp?.stop();
});
beforeEach(() => {
  forge = undefined;
  taken.length = 0;
  idp.person = {
    sub: 'alice',
    claims: { name: 'Alice', groups: ['dev'], department: { roles: ['developer'] } },
  };
});

async function logIn(browser: ScriptedBrowser, more = {}): Promise<Page> {
  const page = await browser.open(gateway.authorizationUrl(more));
  assert.match(page.text, /Continue at 127\.0\.0\.1/);
  return browser.submit(page, 'provider');
}

/** Goes as far as the way back from the provider, and does not take it. */
async function untilCallback(browser: ScriptedBrowser): Promise<{ callback: URL; page: Page }> {
  const page = await browser.open(gateway.authorizationUrl());
  const answer = await browser.request(new URL(page.forms[0]?.action ?? '', page.url).href, {
    method: 'POST',
    headers: { origin: gateway.origin, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(page.forms[0]?.members).toString(),
  });
  let at = (answer.headers.get('refresh') ?? '').replace('0; url=', '');
  while (!at.startsWith(gateway.base)) {
    const next = await browser.request(at);
    at = new URL(next.headers.get('location') ?? 'missing:', at).href;
  }
  return { callback: new URL(at), page };
}

async function allowed(browser: ScriptedBrowser, consent: Page): Promise<Record<string, unknown>> {
  const back = await browser.submit(consent, 'consent');
  assert.equal(back.url.origin + back.url.pathname, redirectUri);
  return gateway.redeem(back.url);
}

describe('a login at the OpenID provider', () => {
  test('ends in tokens with the claims of the provider, and hands its tokens on', async () => {
    const browser = new ScriptedBrowser();
    const consent = await logIn(browser);
    assert.match(consent.text, /<dd>Alice<\/dd>/);
    const claims = payload((await allowed(browser, consent))['access_token']);
    assert.match(String(claims['sub']), /^u-[\w-]{43}$/);
    assert.deepEqual([claims['roles'], claims['groups']], [['developer'], ['dev']]);
    assert.deepEqual(claims['idp'], { iss: idp.issuer, sub: 'alice' });
    assert.equal(taken.length, 1);
    assert.equal(taken[0]?.user.accountId, claims['sub']);
    assert.equal(payload(taken[0]?.tokens.idToken)['sub'], 'alice');
    assert.equal(typeof taken[0]?.tokens.refreshToken, 'string');
    assert.equal(typeof taken[0]?.tokens.accessToken, 'string');
    assert.ok((taken[0]?.tokens.accessTokenExpiresAt ?? 0) > Date.now());
    assert.deepEqual(gateway.faults, []);
  });

  test('does not let the provider write claims that bind or delegate in our tokens', async () => {
    idp.person = { sub: 'mallory', claims: { act: { sub: 'spiffe://company.com/agent/root' }, groups: [] } };
    const browser = new ScriptedBrowser();
    const claims = payload((await allowed(browser, await logIn(browser)))['access_token']);
    assert.equal(claims['act'], undefined);
    assert.equal(claims['iss'], gateway.base);
  });

  test('takes away at the next login what the provider took away', async () => {
    const first = new ScriptedBrowser();
    const tokens = await allowed(first, await logIn(first));
    idp.person = { sub: 'alice', claims: { groups: [] } };
    const second = new ScriptedBrowser();
    await logIn(second);
    const claims = payload((await gateway.refresh(String(tokens['refresh_token'])))['access_token']);
    assert.deepEqual([claims['roles'], claims['groups'], claims['name']], [[], [], undefined]);
  });

  test('a disabled account neither refreshes nor logs in', async () => {
    idp.person = { sub: 'zoe', claims: {} };
    const browser = new ScriptedBrowser();
    const tokens = await allowed(browser, await logIn(browser));
    const id = String(payload(tokens['access_token'])['sub']);
    assert.equal(await gateway.interactions.accounts.setDisabled(id, true), true);
    const refused = await gateway.refresh(String(tokens['refresh_token']));
    assert.equal(refused['error'], 'invalid_grant');
    const page = await logIn(new ScriptedBrowser());
    assert.equal(page.status, 403);
    assert.match(page.text, /This account is disabled/);
    // The session that her browser still has is worth nothing either.
    const again = await browser.open(gateway.authorizationUrl({ prompt: '', scope: 'openid mcp' }));
    assert.notEqual(again.url.searchParams.has('code'), true);
  });

  test('max_age goes on to the provider, and its auth_time comes back', async () => {
    const browser = new ScriptedBrowser();
    const consent = await logIn(browser, { max_age: '60' });
    const idToken = payload((await allowed(browser, consent))['id_token']);
    assert.ok(Math.abs(Number(idToken['auth_time']) - Date.now() / 1000) < 30);
    assert.deepEqual(idToken['amr'], ['pwd', 'otp']);
  });

  test('two users of different issuers with one subject are two accounts', async () => {
    const { accountIdOf } = await import('../../src/identity/login/account-id.ts');
    assert.notEqual(accountIdOf('https://one.test', 'alice'), accountIdOf('https://two.test', 'alice'));
    assert.notEqual(accountIdOf('https://one.test/a', 'b'), accountIdOf('https://one.test', '/ab'));
  });
});

describe('is refused at the way back from the provider:', () => {
  const cases: readonly (readonly [string, (callback: URL) => void])[] = [
    ['an unknown state', (url) => url.searchParams.set('state', 'another-state')],
    ['no state', (url) => url.searchParams.delete('state')],
  ];
  for (const [name, tamper] of cases) {
    test(name, async () => {
      const browser = new ScriptedBrowser();
      const { callback } = await untilCallback(browser);
      tamper(callback);
      const page = await browser.open(callback.href);
      assert.equal(page.status, 400);
      assert.equal(taken.length, 0);
    });
  }

  const answers: readonly (readonly [string, (callback: URL) => void])[] = [
    ['an answer of another issuer (mix-up)', (url) => url.searchParams.set('iss', 'https://evil.test')],
    ['an answer without the issuer that the provider promised', (url) => url.searchParams.delete('iss')],
    ['the code of somebody else', (url) => url.searchParams.set('code', 'stolen-code')],
    ['two states', (url) => url.searchParams.append('state', url.searchParams.get('state') ?? '')],
  ];
  for (const [name, tamper] of answers) {
    test(name, async () => {
      const browser = new ScriptedBrowser();
      const { callback, page: login } = await untilCallback(browser);
      tamper(callback);
      const page = await browser.open(callback.href);
      assert.equal(page.status, 403, page.text);
      assert.match(page.text, /Login failed/);
      assert.equal(taken.length, 0);
      const resumed = await browser.open(`${login.url.href}/continue`);
      assert.equal(resumed.status, 400);
    });
  }

  const tokens: readonly (readonly [string, (claims: Record<string, unknown>) => Record<string, unknown>])[] =
    [
      ['an id token with another nonce', (claims) => ({ ...claims, nonce: 'another' })],
      ['an id token without a nonce', ({ nonce: _, ...claims }) => claims],
      ['an id token for another client', (claims) => ({ ...claims, aud: 'another-client' })],
      ['an id token of another issuer', (claims) => ({ ...claims, iss: 'https://evil.test' })],
      ['an expired id token', (claims) => ({ ...claims, exp: 1_000 })],
      [
        'an id token for several parties that another one asked for',
        (claims) => ({ ...claims, aud: [clientId, 'b'], azp: 'b' }),
      ],
      [
        'groups that the provider left out',
        ({ groups: _, ...claims }) => ({ ...claims, _claim_names: { groups: 'elsewhere' } }),
      ],
    ];
  for (const [name, tamper] of tokens) {
    test(name, async () => {
      forge = async (all) => ({ ...all, id_token: await idp.sign(tamper(payload(all['id_token']))) });
      const page = await logIn(new ScriptedBrowser());
      assert.equal(page.status, 403, page.text);
      assert.equal(taken.length, 0);
    });
  }

  test('an id token whose signature does not hold, though TLS vouches for it', async () => {
    forge = async (all) => {
      const [head, , signature] = String(all['id_token']).split('.');
      const claims = { ...payload(all['id_token']), sub: 'root' };
      return {
        ...all,
        id_token: `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`,
      };
    };
    const page = await logIn(new ScriptedBrowser());
    assert.equal(page.status, 403);
    assert.equal(taken.length, 0);
  });

  test('no id token at all', async () => {
    forge = async ({ id_token: _, ...all }) => all;
    assert.equal((await logIn(new ScriptedBrowser())).status, 403);
  });

  test('the same answer twice', async () => {
    const browser = new ScriptedBrowser();
    const { callback } = await untilCallback(browser);
    assert.match((await browser.open(callback.href)).text, /Allow access/);
    assert.equal((await browser.open(callback.href)).status, 400);
    assert.equal(taken.length, 1);
  });

  test('an answer that another browser brings (login CSRF)', async () => {
    const attacker = new ScriptedBrowser();
    const { callback } = await untilCallback(attacker);
    const victim = new ScriptedBrowser();
    await victim.open(gateway.authorizationUrl());
    assert.equal((await victim.open(callback.href)).status, 400);
    assert.equal(taken.length, 0);
  });

  test('an answer after ten minutes', async (t) => {
    const browser = new ScriptedBrowser();
    const { callback } = await untilCallback(browser);
    gateway.clock.time += 10 * 60_000 + 1;
    t.after(() => {
      gateway.clock.time = Date.now();
    });
    assert.equal((await browser.open(callback.href)).status, 400);
  });
});

test('a provider that calls itself otherwise is not used', async (t) => {
  const strict = await startLoginGateway({
    settings: {
      login: 'provider',
      provider: { issuer: `${idp.issuer}/`, clientId, scopes: [], kind: 'generic', claims: {} },
    },
  });
  t.after(strict.stop);
  const browser = new ScriptedBrowser();
  const page = await browser.open(strict.authorizationUrl());
  const answer = await browser.submit(page, 'provider');
  assert.equal(answer.status, 502);
  assert.match(answer.text, /login provider cannot be used now/);
  assert.match(strict.faults.join(), /calls itself/);
});

test('the set-up link and the password of an owner are nothing where people log in elsewhere', async () => {
  assert.equal(await gateway.interactions.setupLink(), undefined);
  assert.equal((await fetch(`${gateway.base}/setup`)).status, 404);
  const browser = new ScriptedBrowser();
  const page = await browser.open(gateway.authorizationUrl());
  const answer = await browser.open(`${page.url.href}/password`, {
    method: 'POST',
    headers: { origin: gateway.origin, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...page.forms[0]?.members, password: 'guess' }).toString(),
  });
  assert.equal(answer.status, 404);
});
