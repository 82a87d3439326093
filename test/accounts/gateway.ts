import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Client,
  type ClientCapabilities,
  StreamableHTTPClientTransport,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';
import type { Gateway } from '../../src/control/gateway-contract.ts';
import { here, loadSettings } from '../../src/control/load-settings.ts';
import { startGateway } from '../../src/gateway.ts';
import { type Page, ScriptedBrowser } from '../login/browser.ts';
import { thePassword } from '../login/gateway.ts';

/** A whole gateway in this process, as `bartizan up` starts it, with a state directory of its own. */
export interface RunningGateway {
  readonly gateway: Gateway;
  readonly state: string;
  readonly events: { readonly event: string; readonly facts: Readonly<Record<string, string>> }[];
  /** Stops it and starts it again at the same address. */
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts it with these settings; everybody may call everything. */
export async function startWith(settings: object): Promise<RunningGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-accounts-'));
  const state = join(folder, 'state');
  const events: RunningGateway['events'] = [];
  await writeFile(join(folder, 'all.cedar'), '@id("everybody") permit (principal, action, resource);');
  const start = async (port: number): Promise<Gateway> => {
    const config = join(folder, 'bartizan.yaml');
    const policy = { files: ['all.cedar'] };
    // YAML contains JSON.
    const text = JSON.stringify({ listen: { port }, policy, state: { directory: state }, ...settings });
    await writeFile(config, text);
    const loaded = await loadSettings(config, here());
    return startGateway(loaded.settings, { report: (event, facts) => void events.push({ event, facts }) });
  };
  let gateway = await start(0).catch(async (fault: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw fault;
  });
  return {
    get gateway() {
      return gateway;
    },
    state,
    events,
    restart: async () => {
      const { port } = new URL(gateway.url);
      await gateway.stop();
      gateway = await start(Number(port));
    },
    stop: async () => {
      await gateway.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Sets the owner up by the one-time link. */
export async function setUpOwner({ gateway }: RunningGateway): Promise<void> {
  const browser = new ScriptedBrowser();
  const page = await browser.open((await gateway.setupLink()) ?? '');
  const kept = await browser.submit(page, 'password', { password: thePassword, repeated: thePassword });
  const done = await browser.submit(kept, 'finish');
  assert.equal(done.status, 200, done.text);
}

/** Opens a page of the gateway, and logs in as the owner if it asks. */
export async function openLoggedIn(browser: ScriptedBrowser, url: string): Promise<Page> {
  const page = await browser.open(url);
  const asks = page.forms.some(({ action }) => action.endsWith('/password'));
  return asks ? browser.submit(page, 'password', { password: thePassword }) : page;
}

/** Walks from the page that asks, through login and consent of the vendor, to the last page. */
export async function agree(browser: ScriptedBrowser, page: Page, login: string): Promise<Page> {
  const step = page.url.pathname.split('/').at(-1) ?? '';
  let next = await browser.submit(page, step);
  if (next.forms.some(({ action }) => action.endsWith('/login'))) {
    next = await browser.submit(next, 'login', { login });
  }
  return next.forms.some(({ action }) => action.endsWith('/consent'))
    ? browser.submit(next, 'consent')
    : next;
}

/** What a client can, and what it does with an address that it shall open. */
export interface ClientOptions {
  readonly mode?: VersionNegotiationMode;
  readonly capabilities?: ClientCapabilities;
  readonly open?: (url: string) => Promise<'accept' | 'decline'>;
}

/** A client of the official SDK at an endpoint. */
export async function connectClient(
  url: string,
  token: string,
  { mode = { pin: '2026-07-28' }, capabilities = { elicitation: { url: {} } }, open }: ClientOptions = {},
): Promise<Client> {
  const client = new Client(
    { name: 'accounts', version: '1.0.0' },
    { capabilities, versionNegotiation: { mode } },
  );
  if (open !== undefined) {
    client.setRequestHandler('elicitation/create', async ({ params }) => ({
      action: await open((params as { readonly url: string }).url),
    }));
  }
  const headers = { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return client;
}

/** Every byte that a folder holds, journals and write-ahead logs included. */
export async function bytesOf(folder: string): Promise<Buffer> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Buffer.concat(await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name)))));
}
