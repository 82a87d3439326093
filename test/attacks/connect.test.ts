import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ScriptedBrowser } from '../login/browser.ts';
import { attacks, isRecorded, keepsSecrets } from './attack.ts';
import { authorizationRequest, logIn, pageTold, setUpOwner } from './logins.ts';
import { call, token } from './moves.ts';
import { openStage, type Stage } from './stage.ts';

const stage: Stage = await openStage({ after });
await setUpOwner(stage);

/** The address where a user connects an account, as a call gets it. */
async function connectLink(authorization: string): Promise<string> {
  const { text } = await call(stage, authorization, { path: '/mcp/mail', tool: 'send' });
  const [found] = /http[^\s"\\]+\/connect\/[\w-]{43}/.exec(text) ?? [];
  assert.ok(found !== undefined, text);
  return stage.secret(found);
}

async function ownerLink(): Promise<string> {
  return connectLink(`Bearer ${stage.secret(await stage.owner())}`);
}

/** A browser in which the owner is logged in. */
async function ownerBrowser(): Promise<ScriptedBrowser> {
  const browser = new ScriptedBrowser();
  await logIn(browser, authorizationRequest(stage).url);
  return browser;
}

const refused = (why: RegExp): Readonly<Record<string, string | RegExp>> => ({
  event: 'connect page refused',
  'facts.why': why,
  'facts.peer': '127.0.0.1',
});

/** Goes as far as the authorization server of the account, and answers its address. */
async function begun(browser: ScriptedBrowser): Promise<URL> {
  const page = await browser.open(await ownerLink());
  const form = page.forms[0];
  assert.ok(form !== undefined, page.text);
  const answer = await browser.request(new URL(form.action, page.url).href, {
    method: 'POST',
    headers: { origin: page.url.origin, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form.members).toString(),
  });
  const onward = answer.headers.get('location') ?? /url=(.*)$/.exec(answer.headers.get('refresh') ?? '')?.[1];
  await answer.body?.cancel();
  return new URL(onward ?? 'missing:');
}

function callback(authorization: URL, change: Readonly<Record<string, string | undefined>> = {}): string {
  const url = new URL(`${stage.url}/connect/callback`);
  const answer = {
    code: 'a-code',
    state: authorization.searchParams.get('state') ?? '',
    iss: stage.mail.origin,
    ...change,
  };
  for (const [name, value] of Object.entries(answer))
    if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}

attacks(
  () => stage,
  [
    {
      name: 'a forged connect link',
      run: async () =>
        (await ownerBrowser()).request(`${stage.url}/connect/${'A'.repeat(43)}`).then(pageTold),
      status: 410,
      code: 'page 410',
      record: refused(/was used, or is older/),
    },
    {
      name: 'the connect link of another user in the browser of the owner',
      run: async () => {
        const link = await connectLink(
          `Bearer ${token(stage, { aud: `${stage.url}/mcp/mail`, sub: 'mallory' })}`,
        );
        return (await ownerBrowser()).request(link).then(pageTold);
      },
      status: 403,
      code: 'page 403',
      record: refused(/another user/),
    },
    {
      name: 'the form of a connect page from another site',
      run: async () => {
        const browser = await ownerBrowser();
        const page = await browser.open(await ownerLink());
        const form = page.forms[0];
        const response = await browser.request(page.url.href, {
          method: 'POST',
          headers: { origin: 'https://evil.test', 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams(form?.members).toString(),
        });
        return pageTold(response);
      },
      status: 403,
      code: 'page 403',
      record: refused(/./),
    },
    {
      name: 'a connect page without its form token',
      run: async () => {
        const browser = await ownerBrowser();
        const page = await browser.open(await ownerLink());
        const response = await browser.request(page.url.href, {
          method: 'POST',
          headers: { origin: page.url.origin, 'content-type': 'application/x-www-form-urlencoded' },
          body: 'x=1',
        });
        return pageTold(response);
      },
      status: 403,
      code: 'page 403',
      record: refused(/./),
    },
    {
      name: 'a mixed-up `iss` on the way back from the server of an account',
      run: async () => {
        const browser = await ownerBrowser();
        const authorization = await begun(browser);
        return browser.request(callback(authorization, { iss: 'https://evil.example' })).then(pageTold);
      },
      status: 502,
      code: 'page 502',
      record: {
        event: 'account not connected',
        'facts.server': 'mail',
        'facts.why': /not from the authorization server that was asked/,
      },
    },
    {
      name: 'no `iss` from a server that promises one',
      run: async () => {
        const browser = await ownerBrowser();
        const authorization = await begun(browser);
        return browser.request(callback(authorization, { iss: undefined })).then(pageTold);
      },
      status: 502,
      code: 'page 502',
      record: {
        event: 'account not connected',
        'facts.server': 'mail',
        'facts.why': /not from the authorization server that was asked/,
      },
    },
    {
      name: 'the answer of a server in another browser than the one that asked',
      run: async () => {
        const authorization = await begun(await ownerBrowser());
        return (await ownerBrowser()).request(callback(authorization)).then(pageTold);
      },
      status: 403,
      code: 'page 403',
      record: refused(/another browser/),
    },
    {
      name: 'the answer of a server that comes twice',
      run: async () => {
        const browser = await ownerBrowser();
        const authorization = await begun(browser);
        assert.equal((await browser.request(callback(authorization))).status, 200);
        return browser.request(callback(authorization)).then(pageTold);
      },
      status: 410,
      code: 'page 410',
      record: refused(/was used, or is older/),
    },
    {
      name: 'a state that nobody made',
      run: async () =>
        (await ownerBrowser()).request(`${stage.url}/connect/callback?code=x&state=__proto__`).then(pageTold),
      status: 410,
      code: 'page 410',
      record: refused(/was used/),
    },
  ],
);

test('a browser without a login is sent to log in here, and sees nothing of the link', async () => {
  const response = await new ScriptedBrowser().request(
    await ownerLink().catch(() => `${stage.url}/connect/${'B'.repeat(43)}`),
  );
  assert.equal(response.status, 303);
  assert.ok((response.headers.get('location') ?? '').startsWith(`${stage.issuer}/authorize?`));
});

test('an account that was connected belongs to its user alone', async () => {
  const told = await call(stage, `Bearer ${token(stage, { aud: `${stage.url}/mcp/mail`, sub: 'mallory' })}`, {
    path: '/mcp/mail',
    tool: 'send',
  });
  assert.match(told.text, /\/connect\//);
  await isRecorded(stage, { denial: 'connection_required', 'subject.user': 'mallory' });
});

keepsSecrets(() => stage);
