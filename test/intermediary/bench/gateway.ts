import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownerIssuer } from '../../../src/control/default-policy.ts';
import { loadSettings } from '../../../src/control/load-settings.ts';
import { startGateway } from '../../../src/gateway.ts';
import { createOwner } from '../../../src/identity/owner.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import type { Ending } from './scripted-upstream.ts';

/** A real gateway on embedded defaults, in a directory of its own. */
export interface BenchGateway {
  readonly url: string;
  readonly port: number;
  readonly directory: string;
  /** A token of the owner for an agent; two agents are two principals. */
  readonly token: (order?: TokenOrder) => Promise<string>;
  /** Every record of the audit log so far. */
  readonly records: () => Promise<readonly JsonObject[]>;
  /** The text of the audit log. */
  readonly log: () => Promise<string>;
  /** Takes another configuration into use. */
  readonly reload: (config: BenchConfig) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** What a token says. */
export interface TokenOrder {
  readonly agent?: string;
  readonly roles?: readonly string[];
  readonly ttlSeconds?: number;
  /** Default: everything at the gateway. */
  readonly resource?: string;
}

/** What a test configures beside its servers: members of `bartizan.yaml`. */
export interface BenchConfig {
  /** By server id: the URL of an upstream, or the whole entry. */
  readonly servers: Readonly<Record<string, string | JsonObject>>;
  /** Cedar text instead of the embedded policy. */
  readonly policy?: string;
  readonly limits?: JsonObject;
  readonly guard?: JsonObject;
  readonly identity?: JsonObject;
  readonly listen?: JsonObject;
  readonly audit?: JsonObject;
}

/** Writes the configuration that a test describes, and says where. */
export async function writeConfig(directory: string, config: BenchConfig): Promise<string> {
  const { policy, servers, listen, audit, ...rest } = config;
  if (policy !== undefined) await writeFile(join(directory, 'policy.cedar'), policy);
  const path = join(directory, 'bartizan.yaml');
  const entries = Object.entries(servers).map(([id, entry]) => [
    id,
    typeof entry === 'string' ? { url: entry, transport: 'http', era: 'modern' } : entry,
  ]);
  const tree = {
    apiVersion: 'bartizan/v1',
    listen: { port: 0, ...listen },
    servers: Object.fromEntries(entries) as JsonObject,
    audit: { directory: './audit', ...audit },
    state: { directory: './state' },
    ...(policy !== undefined && { policy: { files: ['./policy.cedar'] } }),
    ...rest,
  };
  await writeFile(path, JSON.stringify(tree));
  return path;
}

/** Starts a gateway for one test and ends it afterwards. */
export async function benchGateway(t: Ending, config: BenchConfig): Promise<BenchGateway> {
  const directory = await mkdtemp(join(tmpdir(), 'bartizan-bench-'));
  const { settings } = await loadSettings(await writeConfig(directory, config));
  const gateway = await startGateway(settings);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= gateway.stop();
    return stopping;
  };
  t.after(async () => {
    await stop();
    await rm(directory, { recursive: true, force: true });
  });
  const log = async (): Promise<string> => readLog(join(directory, 'audit'));
  return {
    url: gateway.url,
    port: Number(new URL(gateway.url).port),
    directory,
    token: (order) => ownerToken(directory, gateway.url, order),
    records: async () => recordsIn(await log()),
    log,
    reload: async (next) => gateway.reload((await loadSettings(await writeConfig(directory, next))).settings),
    stop,
  };
}

/** Signs a token with the owner's own key, as the command line does. */
export async function ownerToken(directory: string, url: string, order: TokenOrder = {}): Promise<string> {
  const key = await readFile(join(directory, 'state', 'keys', 'owner.key'));
  const clock = { now: Date.now, uuid: randomUUID };
  const owner = createOwner({ key, issuer: ownerIssuer, subject: 'owner', clock });
  const { agent, roles, ttlSeconds = 600, resource = url } = order;
  return owner.issue({
    resources: [resource],
    ttlSeconds,
    ...(agent !== undefined && { agent }),
    ...(roles !== undefined && { roles }),
  });
}

/** The text of an audit log. */
export async function readLog(directory: string): Promise<string> {
  const segments = (await readdir(directory)).filter((name) => name.endsWith('.jsonl')).sort();
  return (await Promise.all(segments.map((name) => readFile(join(directory, name), 'utf8')))).join('');
}

/** The records of an audit log. */
export function recordsIn(log: string): readonly JsonObject[] {
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JsonObject);
}
