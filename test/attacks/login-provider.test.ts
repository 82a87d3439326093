import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Page, ScriptedBrowser } from '../login/browser.ts';
import { clientId, clientSecret, type Idp, startIdp } from '../login/idp.ts';
import { attacks, keepsSecrets } from './attack.ts';
import { authorizationRequest, pageTold } from './logins.ts';
import { openStage, type Stage } from './stage.ts';

const held: { stage?: Stage } = {};
const idp: Idp = await startIdp(() => `${held.stage?.issuer}/login/callback`);
after(idp.stop);
const stage: Stage = await openStage(
  { after },
  {
    authorizationServer: {
      login: 'provider',
      provider: { issuer: idp.issuer, clientId, clientSecret },
      clients: [{ id: 'app', name: 'An application', redirectUris: ['https://client.test/callback'] }],
    },
  },
);
held.stage = stage;
stage.secret(clientSecret);

/** Goes as far as the way back from the provider, and does not take it. */
async function untilCallback(browser: ScriptedBrowser): Promise<URL> {
  const page: Page = await browser.open(authorizationRequest(stage).url);
  const form = page.forms.find(({ action }) => action.endsWith('/provider'));
  assert.ok(form !== undefined, page.text);
  const answer = await browser.request(new URL(form.action, page.url).href, {
    method: 'POST',
    headers: { origin: page.url.origin, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form.members).toString(),
  });
  let at = /url=(.*)$/.exec(answer.headers.get('refresh') ?? '')?.[1] ?? answer.headers.get('location') ?? '';
  await answer.body?.cancel();
  while (!at.startsWith(stage.url)) {
    const next = await browser.request(at);
    await next.body?.cancel();
    at = new URL(next.headers.get('location') ?? 'missing:', at).href;
  }
  const back = new URL(at);
  stage.secret(back.searchParams.get('code') ?? '');
  return back;
}

function changed(back: URL, name: string, value: string | undefined): string {
  if (value === undefined) back.searchParams.delete(name);
  else back.searchParams.set(name, value);
  return back.href;
}

const failed = (message: RegExp): Readonly<Record<string, string | RegExp>> => ({
  event: 'login failed',
  'facts.message': message,
});
const foreign = {
  event: 'login refused',
  'facts.why': /not begun in this browser/,
  'facts.peer': '127.0.0.1',
};

attacks(
  () => stage,
  [
    {
      name: 'a mixed-up `iss` on the way back from the login provider',
      run: async () => {
        const browser = new ScriptedBrowser();
        const back = await untilCallback(browser);
        return browser.request(changed(back, 'iss', 'https://evil.example')).then(pageTold);
      },
      status: 403,
      code: 'page 403',
      record: failed(/iss/),
    },
    {
      name: 'no `iss` from a login provider that promises one',
      run: async () => {
        const browser = new ScriptedBrowser();
        return browser.request(changed(await untilCallback(browser), 'iss', undefined)).then(pageTold);
      },
      status: 403,
      code: 'page 403',
      record: failed(/iss/),
    },
    {
      name: 'a code that the login provider did not give',
      run: async () => {
        const browser = new ScriptedBrowser();
        return browser.request(changed(await untilCallback(browser), 'code', 'forged')).then(pageTold);
      },
      status: 403,
      code: 'page 403',
      record: failed(/./),
    },
    {
      name: 'the login of an attacker in the browser of another person',
      run: async () => {
        const back = await untilCallback(new ScriptedBrowser());
        const victim = new ScriptedBrowser();
        await victim.open(authorizationRequest(stage).url);
        return victim.request(back.href).then(pageTold);
      },
      status: 400,
      code: 'page 400',
      record: foreign,
    },
    {
      name: 'an answer of the login provider that comes twice',
      run: async () => {
        const browser = new ScriptedBrowser();
        const back = await untilCallback(browser);
        await (await browser.request(back.href)).body?.cancel();
        return browser.request(back.href).then(pageTold);
      },
      status: 400,
      code: 'page 400',
      record: foreign,
    },
    {
      name: 'a state that nobody made',
      run: async () => {
        const browser = new ScriptedBrowser();
        return browser.request(changed(await untilCallback(browser), 'state', '__proto__')).then(pageTold);
      },
      status: 400,
      code: 'page 400',
      record: foreign,
    },
  ],
);

test('an honest login at the provider ends at the consent', async () => {
  const browser = new ScriptedBrowser();
  const page = await browser.open((await untilCallback(browser)).href);
  assert.match(page.text, /asks to act for you/);
});

keepsSecrets(() => stage);
