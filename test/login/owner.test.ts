import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Page, ScriptedBrowser } from './browser.ts';
import { type LoginGateway, redirectUri, startLoginGateway } from './gateway.ts';

const password = 'correct horse battery';

async function setUp(gateway: LoginGateway): Promise<void> {
  const browser = new ScriptedBrowser();
  const page = await browser.open((await gateway.interactions.setupLink()) ?? '');
  const kept = await browser.submit(page, 'password', { password, repeated: password });
  assert.match(kept.text, /A password is set/);
  assert.match((await browser.submit(kept, 'finish')).text, /The owner is set up/);
}

async function logIn(gateway: LoginGateway, browser: ScriptedBrowser, more = {}): Promise<Page> {
  const page = await browser.open(gateway.authorizationUrl(more));
  return browser.submit(page, 'password', { password });
}

describe('the owner', () => {
  let gateway: LoginGateway;
  before(async () => {
    gateway = await startLoginGateway();
    await setUp(gateway);
  });
  after(() => gateway.stop());

  test('logs in by password, allows, and the application gets tokens of hers', async () => {
    const browser = new ScriptedBrowser();
    const consent = await logIn(gateway, browser);
    assert.match(consent.text, /Allow access\?/);
    assert.match(consent.text, /Test Editor/);
    const back = await browser.submit(consent, 'consent');
    assert.equal(back.url.origin + back.url.pathname, redirectUri);
    assert.equal(back.url.searchParams.get('state'), 'state-of-the-application');
    const tokens = await gateway.redeem(back.url);
    const claims = payload(tokens['access_token']);
    assert.equal(claims['sub'], 'owner');
    assert.deepEqual(claims['roles'], ['owner']);
    const idToken = payload(tokens['id_token']);
    assert.equal(typeof idToken['auth_time'], 'undefined');
    const refreshed = await gateway.refresh(String(tokens['refresh_token']));
    assert.equal(typeof refreshed['access_token'], 'string');
  });
});

function payload(token: unknown): Record<string, unknown> {
  const part = String(token).split('.')[1] ?? '';
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
}
