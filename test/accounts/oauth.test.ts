import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Issuing, startIssuer } from '../clients/issuer.ts';
import { ScriptedBrowser } from '../login/browser.ts';
import {
  agree,
  bytesOf,
  connectClient,
  openLoggedIn,
  type RunningGateway,
  setUpOwner,
  startWith,
} from './gateway.ts';
import { type ProtectedServer, startProtectedServer } from './protected-server.ts';
import { startVendor, type Vendor } from './vendor.ts';

const limit = { timeout: 30_000 };
const tool = { name: 'test_simple_text', arguments: {} };

let vendor: Vendor;
let upstream: ProtectedServer;
let issuer: Issuing;
let running: RunningGateway;
const owner = new ScriptedBrowser();

before(async () => {
  const held: { vendor?: Vendor } = {};
  upstream = await startProtectedServer(() => held.vendor?.issuer ?? '');
  vendor = await startVendor(() => upstream.url);
  held.vendor = vendor;
  issuer = await startIssuer();
  running = await startWith({
    servers: { notes: { url: upstream.url, auth: { kind: 'oauth' } } },
    identity: { issuers: [{ issuer: issuer.issuer, jwksUri: issuer.jwksUri }] },
  });
  await setUpOwner(running);
});
after(async () => {
  await running?.stop();
  vendor?.stop();
  upstream?.stop();
  issuer?.stop();
});

function endpoint(): string {
  return running.gateway.endpoints['notes'] ?? '';
}

function token(): string {
  return running.gateway.token?.value ?? '';
}

interface ToolResult {
  readonly isError?: boolean;
  readonly content: readonly { readonly text?: string }[];
}

async function call(capabilities = {}): Promise<ToolResult> {
  const client = await connectClient(endpoint(), token(), { capabilities });
  const result = (await client.callTool(tool)) as ToolResult;
  await client.close();
  return result;
}

function addressIn({ content }: ToolResult): string {
  return /open (http\S+) in a browser/.exec(content[0]?.text ?? '')?.[1] ?? '';
}

describe('an account that is not connected', () => {
  test('is told in words to a client that cannot ask its user', limit, async () => {
    const result = await call();
    assert.equal(result.isError, true);
    assert.ok(addressIn(result).startsWith(`${running.gateway.url}/connect/`), JSON.stringify(result));
  });

  test('is the error -32042 for a client of 2025-11-25', limit, async () => {
    const client = await connectClient(endpoint(), token(), { mode: 'legacy' });
    const fault: unknown = await client.callTool(tool).catch((error: unknown) => error);
    const { code, data } = fault as {
      readonly code: number;
      readonly data: { readonly elicitations: readonly { readonly mode: string; readonly url: string }[] };
    };
    assert.equal(code, -32042);
    assert.equal(data.elicitations[0]?.mode, 'url');
    assert.ok(data.elicitations[0]?.url.startsWith(`${running.gateway.url}/connect/`));
    await client.close();
  });

  test('is not asked for twice when the user says no', limit, async () => {
    let asked = 0;
    const client = await connectClient(endpoint(), token(), {
      open: async () => {
        asked += 1;
        return 'decline';
      },
    });
    const result = (await client.callTool(tool)) as ToolResult;
    await client.close();
    assert.equal(result.isError, true);
    assert.equal(asked, 1);
  });

  test('is not connected by the browser of another user', limit, async () => {
    const client = await connectClient(endpoint(), issuer.token('mallory', endpoint()), { capabilities: {} });
    const address = addressIn((await client.callTool(tool)) as ToolResult);
    await client.close();
    const page = await openLoggedIn(new ScriptedBrowser(), address);
    assert.equal(page.status, 403);
    assert.match(page.text, /made for another user/);
  });

  test('is not connected when the user does not allow it', limit, async () => {
    const browser = new ScriptedBrowser();
    const page = await openLoggedIn(browser, addressIn(await call()));
    const login = await browser.submit(page, page.url.pathname.split('/').at(-1) ?? '');
    const consent = await browser.submit(login, 'login', { login: 'owner-at-vendor' });
    const refused = await browser.submit(consent, 'consent', { answer: 'no' });
    assert.equal(refused.status, 502);
    assert.match(refused.text, /did not allow it \(<?.*access_denied/);
    assert.equal((await call()).isError, true);
  });
});

describe('an account', () => {
  test('is connected in the midst of a call, whose retry carries the token of the user', limit, async () => {
    const pages: string[] = [];
    const client = await connectClient(endpoint(), token(), {
      open: async (url) => {
        const asked = await openLoggedIn(owner, url);
        pages.push(asked.text);
        const last = await agree(owner, asked, 'owner-at-vendor');
        pages.push(last.text);
        return last.status === 200 ? 'accept' : 'decline';
      },
    });
    const result = (await client.callTool(tool)) as ToolResult;
    await client.close();
    assert.equal(result.isError, undefined, JSON.stringify(result));
    assert.deepEqual(upstream.callers, ['owner-at-vendor']);
    assert.match(pages[0] ?? '', /Connect notes/);
    assert.match(pages[1] ?? '', /Your account at notes is connected/);
  });

  test('serves the next calls without a word, in both eras', limit, async () => {
    assert.equal((await call()).isError, undefined);
    const client = await connectClient(endpoint(), token(), { mode: 'legacy' });
    assert.equal(((await client.callTool(tool)) as ToolResult).isError, undefined);
    await client.close();
    assert.ok(upstream.callers.every((user) => user === 'owner-at-vendor'));
  });

  test('does not serve another user', limit, async () => {
    const before = upstream.callers.length;
    const client = await connectClient(endpoint(), issuer.token('mallory', endpoint()), { capabilities: {} });
    assert.equal(((await client.callTool(tool)) as ToolResult).isError, true);
    await client.close();
    assert.equal(upstream.callers.length, before);
  });

  test('outlives a restart of the gateway', limit, async () => {
    await running.restart();
    assert.equal((await call()).isError, undefined);
  });

  test('gets another token before the one it has ends', limit, async () => {
    const [first] = vendor.secrets.slice(-2);
    upstream.rejected.add(first ?? '');
    vendor.lifeSeconds = 31;
    assert.equal((await call()).isError, undefined);
    const short = vendor.secrets.at(-2);
    assert.notEqual(short, first);
    vendor.lifeSeconds = 3600;
    await sleep(1_500);
    assert.equal((await call()).isError, undefined);
    assert.notEqual(vendor.secrets.at(-2), short);
    assert.equal(vendor.grants.at(-1), 'refresh_token');
  });

  test('whose token cannot be renewed is asked for again, and connected again', limit, async () => {
    await sleep(1_000);
    vendor.revokeAll();
    for (const secret of vendor.secrets) upstream.rejected.add(secret);
    const address = addressIn(await call());
    assert.ok(address.startsWith(`${running.gateway.url}/connect/`));
    assert.ok(running.events.some(({ event }) => event === 'token not renewed'));
    const last = await agree(owner, await openLoggedIn(owner, address), 'owner-at-vendor');
    assert.match(last.text, /is connected/);
    assert.equal((await call()).isError, undefined);
  });
});

describe('the pages of a user', () => {
  test('list the connected account, and end it here and at its authorization server', limit, async () => {
    const browser = new ScriptedBrowser();
    const list = await openLoggedIn(browser, `${running.gateway.url}/connect`);
    assert.equal(list.status, 200, list.text);
    assert.match(list.text, /You are <b>the owner<\/b>/);
    assert.ok(list.text.includes(upstream.url) && !list.text.includes('/connect/to/'));
    const refresh = vendor.secrets.at(-1) ?? '';
    const empty = await browser.submit(list, 'connect');
    assert.match(empty.text, /You have connected no account/);
    assert.ok(empty.text.includes('href="/connect/to/notes"'));
    assert.deepEqual(vendor.revoked, [refresh]);
    assert.equal((await call()).isError, true);
  });

  test('connect an account that no call has asked for', limit, async () => {
    const browser = new ScriptedBrowser();
    const page = await openLoggedIn(browser, `${running.gateway.url}/connect/to/notes`);
    assert.match((await agree(browser, page, 'owner-at-vendor')).text, /is connected/);
    assert.equal((await call()).isError, undefined);
  });

  test('know no other server, and take no form from elsewhere', limit, async () => {
    const browser = new ScriptedBrowser();
    const unknown = await openLoggedIn(browser, `${running.gateway.url}/connect/to/payroll`);
    assert.equal(unknown.status, 404);
    const list = await browser.open(`${running.gateway.url}/connect`);
    const answer = await browser.request(`${running.gateway.url}/connect`, {
      method: 'POST',
      headers: { origin: 'http://evil.example' },
      body: new URLSearchParams(list.forms[0]?.members ?? {}),
    });
    assert.equal(answer.status, 403);
    assert.equal((await call()).isError, undefined);
  });
});

describe('the endpoint of all servers', () => {
  const instructions = async (bearer: string, endpointUrl: string): Promise<string | undefined> => {
    const client = await connectClient(endpointUrl, bearer, { capabilities: {} });
    const found = client.getInstructions();
    await client.close();
    return found;
  };

  test('says where an account is connected, and names no server', limit, async () => {
    const all = `${running.gateway.url}/mcp`;
    const text = (await instructions(issuer.token('mallory', all), all)) ?? '';
    assert.ok(text.includes(`${running.gateway.url}/connect in a browser`), text);
    assert.ok(!text.includes('notes'));
  });

  test('says nothing of it to a user whose accounts are connected', limit, async () => {
    const text = await instructions(token(), `${running.gateway.url}/mcp`);
    assert.ok(!(text ?? '').includes('/connect'));
  });
});

describe('secrets', () => {
  test('the token of the caller never reached the upstream', () => {
    const received = upstream.received();
    const [head = '', body = '', signature = ''] = token().split('.');
    for (const part of [head, body, signature]) assert.ok(!received.includes(part));
    assert.ok(vendor.secrets.length > 0 && received.includes(vendor.secrets[0] ?? 'none'));
  });

  test('no token of the vendor can be read in the state directory', async () => {
    const bytes = await bytesOf(running.state);
    assert.ok(vendor.secrets.length >= 6 && bytes.includes('vault'));
    for (const secret of vendor.secrets) assert.ok(!bytes.includes(secret.slice(-30)));
  });

  test('no token of the vendor was told to the operator', () => {
    const told = JSON.stringify(running.events);
    for (const secret of vendor.secrets) assert.ok(!told.includes(secret));
  });
});
