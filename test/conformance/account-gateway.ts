/**
 * A gateway in this process, in front of one upstream that wants tokens. Its pages stand at an address of their own,
 * and whoever has the owner's cookie is logged in there.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { here, loadSettings } from '../../src/control/load-settings.ts';
import { startGateway } from '../../src/gateway.ts';
import { guardedFetch } from '../../src/identity/guarded-fetch.ts';
import { createBroker } from '../../src/identity/upstream/create-broker.ts';
import type { Broker, BrokerOptions, BrowserUser, ServerAuth } from '../../src/identity/upstream/options.ts';
import { localKek } from '../../src/identity/vault/local-kek.ts';
import { createVault } from '../../src/identity/vault/vault.ts';
import { memoryDocuments } from '../../src/store/memory/documents.ts';

/** The upstream's name in the configuration, and so in its endpoint. */
const serverName = 'fixture';
/** The cookie by which the pages know the owner. */
export const ownerCookie: Readonly<Record<string, string>> = { 'conformance-owner': '1' };

/** What differs from one scenario to the next. */
export type AccountOptions = Partial<
  Pick<BrokerOptions, 'clientMetadataUrl' | 'jwtSvid' | 'upstreamAssertion'>
> & {
  readonly upstreamUrl: string;
  readonly auth: ServerAuth;
};

/** A gateway that runs. */
export interface AccountGateway {
  readonly url: string;
  readonly token: string;
  readonly stop: () => Promise<void>;
}

/** Starts it. */
export async function startAccountGateway({
  upstreamUrl,
  auth,
  ...more
}: AccountOptions): Promise<AccountGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-conformance-'));
  const clock = { now: () => Date.now() };
  const pages = createServer((request, response) => mounted.serve(request, response));
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
  let caller: BrowserUser | undefined;
  const { broker, mount: mounted }: Broker = createBroker({
    servers: { [serverName]: { url: upstreamUrl, headers: {}, auth } },
    vault: createVault({ documents: memoryDocuments(clock), kek: localKek(randomBytes(32)) }),
    clock,
    origin,
    fetch: guardedFetch({ allowLoopback: true }),
    assets: '/as/assets',
    sessionUser: async ({ headers }) =>
      headers.cookie?.includes('conformance-owner=1') === true ? caller : undefined,
    report: (event, facts) => console.error(event, JSON.stringify(facts)),
    ...more,
  });
  const gateway = await startIn(folder, upstreamUrl, {
    credential: (server, subject) => {
      caller = subject.user;
      return broker.credential(server, subject);
    },
  });
  return {
    ...gateway,
    stop: async () => {
      await gateway.stop();
      pages.closeAllConnections();
      await new Promise((resolve) => pages.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startIn(
  folder: string,
  upstreamUrl: string,
  broker: Broker['broker'],
): Promise<AccountGateway> {
  const config = join(folder, 'bartizan.yaml');
  const servers = { [serverName]: { url: upstreamUrl } };
  const state = { directory: join(folder, 'state') };
  // YAML contains JSON.
  await writeFile(config, JSON.stringify({ listen: { port: 0 }, servers, state }));
  const { settings } = await loadSettings(config, here());
  const { endpoints, token, stop } = await startGateway(settings, { adapters: { broker } });
  return { url: endpoints[serverName] ?? '', token: token?.value ?? '', stop };
}
