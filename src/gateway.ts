import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type FileJournal, openJournal } from './audit/journal.ts';
import type { Gateway, OwnerToken } from './control/gateway-contract.ts';
import type { Settings } from './control/settings.ts';
import { loadKey } from './flow/load-key.ts';
import { createSeal } from './flow/seal.ts';
import { createGeneration, type Generation, type Lasting, type Report } from './gateway/generation.ts';
import { systemClock } from './gateway/system-clock.ts';
import { version } from './gateway/version.ts';
import { createOwner, type Owner } from './identity/owner.ts';
import { protectedResourceMetadata } from './identity/resource-metadata.ts';
import type { Clock, Journal } from './pipeline/ports.ts';
import { openDatabase } from './store/sqlite/database.ts';
import { createSqliteEraVerdicts } from './store/sqlite/era-verdicts.ts';
import { type Listening, listen } from './transport/front/listen.ts';
import { codecs } from './wire/revisions.ts';

/** What the surroundings of a gateway may supply. */
export interface GatewayOptions {
  /** Hears of what the operator may want to know; every report is in the audit log too. */
  readonly report?: Report;
}

/**
 * Starts a gateway: the only place where rooms meet. Rejects, with what to mend, when the address, the state or the
 * settings cannot be used; then everything that was started is ended again.
 */
export async function startGateway(settings: Settings, options: GatewayOptions = {}): Promise<Gateway> {
  const closers: (() => Promise<void> | void)[] = [];
  try {
    return await compose(settings, options, closers);
  } catch (fault) {
    await closeAll(closers);
    throw fault;
  }
}

async function compose(
  settings: Settings,
  options: GatewayOptions,
  closers: (() => Promise<void> | void)[],
): Promise<Gateway> {
  const clock = systemClock();
  const keys = join(settings.state.directory, 'keys');
  await mkdir(keys, { recursive: true, mode: 0o700 });
  const journal = await openJournal({ directory: settings.audit.directory });
  closers.push(journal.close);
  const database = openDatabase(join(settings.state.directory, 'state.sqlite'));
  closers.push(() => database.close());
  const lasting: Lasting = {
    clock,
    journal: settings.audit.sync === 'strict' ? journal : relaxed(journal),
    seal: createSeal(await loadKey(join(keys, 'seal.key')), clock),
    verdicts: createSqliteEraVerdicts(database),
    owner: settings.identity.owner.enabled ? await ownerOf(join(keys, 'owner.key'), clock) : undefined,
    info: { name: 'bartizan', version },
    report: reporting(clock, journal, options.report),
  };
  let generation = createGeneration(settings, lasting);
  closers.push(() => generation.retire());
  const listening = await listenFor(settings, lasting, () => generation);
  closers.push(listening.close);
  for (const repair of journal.repairs) lasting.report('audit log repaired', { repair });
  lasting.report('gateway started', { url: listening.url, version });

  let current = settings;
  return {
    url: listening.url,
    endpoints: endpointsOf(settings, listening.url),
    token: ownerToken(settings, lasting, listening.url),
    reload: async (next) => {
      refuseFixedChanges(current, next);
      const before = generation;
      generation = createGeneration(next, lasting);
      current = next;
      lasting.report('configuration reloaded', {});
      await before.retire();
    },
    stop: () => closeAll(closers),
  };
}

/** What was started last ends first. */
async function closeAll(closers: (() => Promise<void> | void)[]): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

function listenFor(settings: Settings, lasting: Lasting, current: () => Generation): Promise<Listening> {
  const { host, port, publicUrl, allowedHosts, allowedOrigins } = settings.listen;
  const authorizationServers = settings.identity.issuers.map(({ issuer }) => issuer);
  const { scopes } = settings.identity;
  return listen({
    enforce: (arrival, signal) => current().enforce(arrival, signal),
    identify: (credentials) => current().identify(credentials),
    front: {
      servers: (endpoint) => current().servers(endpoint),
      revisions: codecs.map(({ revision }) => revision),
      info: lasting.info,
      replaced: new AbortController().signal,
    },
    codecs,
    clock: lasting.clock,
    metadata: (resource) =>
      protectedResourceMetadata({ resource, authorizationServers, scopes, name: 'Bartizan MCP gateway' }),
    host,
    port,
    ...(publicUrl !== undefined && { publicUrl }),
    allowedHosts,
    allowedOrigins,
    limits: settings.limits,
  });
}

function endpointsOf({ servers }: Settings, url: string): Readonly<Record<string, string>> {
  return Object.fromEntries(servers.map(({ id }) => [id, `${url}/mcp/${id}`]));
}

async function ownerOf(keyPath: string, clock: Clock): Promise<Owner> {
  return createOwner({ key: await loadKey(keyPath), issuer: 'urn:bartizan:owner', subject: 'owner', clock });
}

function ownerToken(settings: Settings, { owner, clock }: Lasting, url: string): OwnerToken | undefined {
  if (owner === undefined) return undefined;
  const { roles, tokenMinutes } = settings.identity.owner;
  const ttlSeconds = tokenMinutes * 60;
  // The token covers what lies below the URL: every endpoint of this gateway, by whatever transport.
  return {
    value: owner.issue({ resources: [url], ttlSeconds, roles }),
    resource: url,
    expiresAt: clock.now() + ttlSeconds * 1000,
  };
}

/** What a running gateway cannot change; it says so instead of changing a part. */
function refuseFixedChanges(now: Settings, next: Settings): void {
  const fixed = ['listen', 'audit', 'state', 'limits'] as const;
  const changed = fixed.filter((part) => !isDeepStrictEqual(now[part], next[part]));
  if (changed.length > 0) {
    throw new Error(
      `\`${changed.join('`, `')}\` cannot change while the gateway runs: restart it to take them into use`,
    );
  }
}

function reporting(clock: Clock, journal: FileJournal, tell: Report = () => undefined): Report {
  return (event, facts) => {
    tell(event, facts);
    const at = new Date(clock.now()).toISOString();
    // A journal that fails refuses calls by itself; there is nobody else to tell of a lost event.
    journal.append({ kind: 'event', id: clock.uuid(), at, event, facts }).catch(() => undefined);
  };
}

/** The named option that trades evidence for availability: results do not wait for the disk. */
function relaxed(journal: Journal): Journal {
  return {
    append: (record) => {
      journal.append(record).catch(() => undefined);
      return Promise.resolve();
    },
  };
}
