/** A `spire-server`: the authority of one trust domain, with its bundle endpoint. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createCertificateAuthority } from '../../../src/identity/spiffe/testing/certificate-authority.ts';
import { materialOf } from '../../../src/identity/spiffe/testing/mtls.ts';
import { freePort } from '../program.ts';
import { type Running, startProgram } from './running.ts';

/** Who gets a SPIFFE ID: the processes of the program at `path`. */
export interface Entry {
  readonly id: string;
  readonly program: string;
  readonly federatesWith?: readonly string[];
  /** How long its X.509-SVIDs live. */
  readonly seconds?: number;
}

export interface SpireServer extends Running {
  /** The name of the trust domain. */
  readonly domain: string;
  readonly port: number;
  /** Its bundle as the bundle endpoint serves it, a JWK set. */
  readonly bundle: () => Promise<string>;
  readonly bundleUrl: string;
  /** Enters workloads for an agent, and says how to strike each out again. */
  readonly enter: (agent: string, entries: readonly Entry[]) => Promise<readonly string[]>;
  readonly strikeOut: (entryId: string) => Promise<void>;
  readonly federate: (other: SpireServer) => Promise<void>;
  readonly joinToken: () => Promise<string>;
  /** Signs an SVID without any agent; the folder then has `svid.pem` and `key.pem`. */
  readonly mint: (id: string, folder: string) => Promise<void>;
  readonly mintJwt: (id: string, audience: string) => Promise<string>;
  /** Runs a command of `spire-server` that answers with JSON. */
  readonly ask: (...command: readonly string[]) => Promise<Record<string, unknown>>;
  /** The file of its private keys: what somebody has who broke in there. */
  readonly keys: string;
}

const run = promisify(execFile);

/**
 * Starts one in a folder of its own. With `below`, its authority is signed by one that it knows by a file, so that every
 * SVID of it comes with an intermediate.
 */
export async function startSpireServer(
  bin: string,
  folder: string,
  domain: string,
  below: 'root' | 'itself' = 'itself',
): Promise<SpireServer> {
  const program = join(bin, 'spire-server');
  await mkdir(folder, { recursive: true });
  const socket = join(folder, 'api.sock');
  const keys = join(folder, 'keys.json');
  const [port, bundlePort] = [await freePort(), await freePort()];
  const config = join(folder, 'server.conf');
  const root = below === 'root' ? { UpstreamAuthority: await rootOf(folder, domain) } : {};
  const { plugins, ...rest } = configuration({ folder, socket, keys, domain, port, bundlePort });
  await writeFile(config, JSON.stringify({ ...rest, plugins: { ...plugins, ...root } }));
  const running = await startProgram(program, ['run', '-config', config], socket);

  const command = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run(program, [...args, '-socketPath', socket], { timeout: 20_000 });
    return stdout;
  };
  const ask: SpireServer['ask'] = async (...args) => JSON.parse(await command(...args, '-output', 'json'));
  const bundle = (): Promise<string> => command('bundle', 'show', '-format', 'spiffe');
  return {
    ...running,
    domain,
    port,
    keys,
    ask,
    bundle,
    bundleUrl: `https://127.0.0.1:${bundlePort}`,
    enter: async (agent, entries) => {
      const file = join(folder, 'entries.json');
      await writeFile(file, JSON.stringify({ entries: entries.map((entry) => entryOf(agent, entry)) }));
      const { results } = (await ask('entry', 'create', '-data', file)) as { results: Result[] };
      return results.map(({ entry }) => entry.id);
    },
    strikeOut: async (id) => void (await ask('entry', 'delete', '-entryID', id)),
    federate: (other) => federate(folder, other, ask),
    joinToken: async () => String((await ask('token', 'generate'))['value']),
    mint: async (id, into) => {
      await mkdir(into, { recursive: true });
      await command('x509', 'mint', '-spiffeID', id, '-ttl', '10m', '-write', into);
    },
    mintJwt: async (id, audience) =>
      (await command('jwt', 'mint', '-spiffeID', id, '-audience', audience)).trim(),
  };
}

interface Result {
  readonly entry: { readonly id: string };
}

/** HCL is a superset of JSON, which needs no quoting rules of its own. */
function configuration(its: {
  readonly folder: string;
  readonly socket: string;
  readonly keys: string;
  readonly domain: string;
  readonly port: number;
  readonly bundlePort: number;
}): { readonly plugins: object; readonly server: object } {
  const { folder, socket, keys, domain, port, bundlePort } = its;
  const endpoint = { address: '127.0.0.1', port: bundlePort, refresh_hint: '1s' };
  return {
    server: {
      bind_address: '127.0.0.1',
      bind_port: port,
      socket_path: socket,
      trust_domain: domain,
      data_dir: folder,
      log_level: 'WARN',
      ca_ttl: '1h',
      default_x509_svid_ttl: '10m',
      default_jwt_svid_ttl: '1m',
      federation: { bundle_endpoint: { ...endpoint, profile: { https_spiffe: {} } } },
      experimental: { cache_reload_interval: '1s' },
    },
    plugins: {
      DataStore: {
        sql: {
          plugin_data: { database_type: 'sqlite3', connection_string: join(folder, 'datastore.sqlite3') },
        },
      },
      NodeAttestor: { join_token: { plugin_data: {} } },
      KeyManager: { disk: { plugin_data: { keys_path: keys } } },
    },
  };
}

/** A root authority in two files, as the plugin `disk` wants it. */
async function rootOf(folder: string, domain: string): Promise<object> {
  const root = createCertificateAuthority(domain);
  const { cert, key } = materialOf({ chain: [root.certificate], privateKey: root.privateKey });
  const [certFile, keyFile] = [join(folder, 'root.pem'), join(folder, 'root.key')];
  await Promise.all([writeFile(certFile, cert), writeFile(keyFile, key, { mode: 0o600 })]);
  return { disk: { plugin_data: { cert_file_path: certFile, key_file_path: keyFile } } };
}

function entryOf(agent: string, { id, program, federatesWith = [], seconds }: Entry): object {
  return {
    parent_id: agent,
    spiffe_id: id,
    selectors: [{ type: 'unix', value: `path:${program}` }],
    federates_with: federatesWith.map((domain) => `spiffe://${domain}`),
    ...(seconds !== undefined && { x509_svid_ttl: seconds }),
  };
}

/** By `https_spiffe`; the first bundle is carried over by hand, as an operator does. */
async function federate(folder: string, other: SpireServer, ask: SpireServer['ask']): Promise<void> {
  const first = join(folder, `${other.domain}.json`);
  await writeFile(first, await other.bundle());
  await ask(
    ...['federation', 'create', '-trustDomain', other.domain],
    ...['-bundleEndpointURL', other.bundleUrl, '-bundleEndpointProfile', 'https_spiffe'],
    ...['-endpointSpiffeID', `spiffe://${other.domain}/spire/server`],
    ...['-trustDomainBundleFormat', 'spiffe', '-trustDomainBundlePath', first],
  );
}
