import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type LoginGateway, startLoginGateway } from '../../login/gateway.ts';
import { startChromium, type Tab } from './chromium.ts';

/**
 * A real browser with an authenticator of its own (Web Authentication Level 3 section 11, "User Agent Automation"), so
 * our script, the Content-Security-Policy and the cookies are the browser's to judge.
 */
const limit = { timeout: 60_000 };
const passkey = 'form[data-passkey] button';

let gateway: LoginGateway;
let tab: Tab;
let authenticator: string;

before(async () => {
  gateway = await startLoginGateway({ client: { redirect_uris: ['https://client.test/callback'] } });
  tab = await startChromium();
  await tab.send('WebAuthn.enable');
  authenticator = await addAuthenticator();
  await tab.send('Network.enable');
});
after(async () => {
  await tab?.close();
  gateway?.stop();
});

async function addAuthenticator(): Promise<string> {
  const options = {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  return String((await tab.send('WebAuthn.addVirtualAuthenticator', { options }))['authenticatorId']);
}

const shows = (text: string): Promise<void> =>
  tab.until(`document.body.innerText.includes(${JSON.stringify(text)})`);

/** The client's address does not exist; where the browser was sent is what counts. */
async function answer(): Promise<URL> {
  const { entries = [] } = (await tab.send('Page.getNavigationHistory')) as { entries?: { url: string }[] };
  return new URL(entries.findLast(({ url }) => url.startsWith('https://client.test/'))?.url ?? 'about:blank');
}

async function credentials(): Promise<readonly Record<string, unknown>[]> {
  const found = await tab.send('WebAuthn.getCredentials', { authenticatorId: authenticator });
  return found['credentials'] as Record<string, unknown>[];
}

test('the owner registers a resident passkey behind the set-up link', limit, async () => {
  await tab.open((await gateway.interactions.setupLink()) ?? '');
  await tab.click(passkey);
  await shows('A passkey is registered');
  const [credential, ...others] = await credentials();
  assert.deepEqual(others, []);
  assert.equal(credential?.['isResidentCredential'], true);
  assert.equal(credential?.['rpId'], 'localhost');
  await tab.click('form[action$="/finish"] button');
  await shows('The owner is set up');
  assert.equal((await gateway.interactions.findAccount('owner'))?.accountId, 'owner');
});

test(
  'the passkey logs the owner in, and the browser carries the answer to the application',
  limit,
  async () => {
    await tab.open(gateway.authorizationUrl({ max_age: '60' }));
    await tab.click(passkey);
    await shows('asks to act for you');
    await tab.click('form[action$="/consent"] button');
    await tab.until(
      `document.title !== 'One moment · Bartizan' && location.pathname !== '${'/as/interaction'}'`,
    );
    const back = await eventually(answer);
    const tokens = await gateway.redeem(back);
    const [, claims = ''] = String(tokens['id_token']).split('.');
    const idToken = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
    assert.equal(idToken['sub'], 'owner');
    assert.deepEqual(idToken['amr'], ['hwk', 'user', 'mfa']);
    assert.ok(Number((await credentials())[0]?.['signCount']) >= 1);
  },
);

async function eventually(ask: () => Promise<URL>): Promise<URL> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
    const found = await ask();
    if (found.protocol === 'https:') return found;
    await new Promise<void>((resolve) => void setTimeout(resolve, 100));
  }
  throw new Error('the browser was not sent to the application');
}

test('a passkey whose user was not verified does not log in', limit, async () => {
  await tab.send('Network.clearBrowserCookies');
  await tab.send('WebAuthn.setUserVerified', { authenticatorId: authenticator, isUserVerified: false });
  await tab.open(gateway.authorizationUrl());
  await tab.click(passkey);
  await shows('It was cancelled or took too long');
  await tab.send('WebAuthn.setUserVerified', { authenticatorId: authenticator, isUserVerified: true });
  assert.equal(await tab.run('location.pathname.startsWith("/as/interaction/")'), true);
});

test('an answer that says the user was not verified is refused by the server too', limit, async () => {
  await tab.open(gateway.authorizationUrl());
  // The page asks for less than the server wants: what an altered page could do.
  await tab.run(`{
    const parse = PublicKeyCredential.parseRequestOptionsFromJSON;
    PublicKeyCredential.parseRequestOptionsFromJSON = (options) =>
      parse.call(PublicKeyCredential, { ...options, userVerification: 'discouraged' });
  }`);
  await tab.send('WebAuthn.setUserVerified', { authenticatorId: authenticator, isUserVerified: false });
  await tab.click(passkey);
  await shows('That passkey does not log in here');
  await tab.send('WebAuthn.setUserVerified', { authenticatorId: authenticator, isUserVerified: true });
});

test('an answer is good once, and a challenge of another interaction is not', limit, async () => {
  await tab.open(gateway.authorizationUrl());
  // Keeps what the page sends, and lets it be sent again.
  await tab.run(`{
    const send = globalThis.fetch;
    globalThis.fetch = async (url, init) => {
      if (!String(url).endsWith('/passkey')) return send(url, init);
      globalThis.kept = { url, init };
      return Response.json({ fault: 'held back' }, { status: 418 });
    };
    globalThis.again = () => send(globalThis.kept.url, globalThis.kept.init).then(({ status }) => status);
  }`);
  await tab.click(passkey);
  await shows('held back');
  assert.deepEqual([await tab.run('again()'), await tab.run('again()')], [200, 403]);
});

test('a passkey of nobody here does not log in', limit, async () => {
  const [known] = await credentials();
  await tab.send('WebAuthn.removeCredential', {
    authenticatorId: authenticator,
    credentialId: known?.['credentialId'],
  });
  await tab.send('WebAuthn.addCredential', {
    authenticatorId: authenticator,
    credential: { ...known, credentialId: Buffer.from('a credential of nobody').toString('base64') },
  });
  await tab.send('Network.clearBrowserCookies');
  await tab.open(gateway.authorizationUrl());
  await tab.click(passkey);
  await shows('That passkey does not log in here');
});

test('no page broke the policy for its content', limit, async () => {
  await tab.send('Network.clearBrowserCookies');
  await tab.open(gateway.authorizationUrl());
  const outcome = await tab.run(`new Promise((resolve) => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective }) => resolve(violatedDirective));
    const script = document.createElement('script');
    script.textContent = 'globalThis.injected = true';
    document.body.append(script);
  })`);
  assert.equal(outcome, 'script-src-elem');
  assert.equal(await tab.run('globalThis.injected === undefined'), true);
  assert.equal(await tab.run('getComputedStyle(document.querySelector("main")).borderRadius'), '12px');
  assert.deepEqual(gateway.faults, []);
});
