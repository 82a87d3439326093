import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type FileJournal, openJournal } from './audit/journal.ts';
import type { Gateway, StartOptions } from './control/gateway-contract.ts';
import type { Settings } from './control/settings.ts';
import { loadKey } from './flow/load-key.ts';
import { createSeal } from './flow/seal.ts';
import { createGeneration, type Generation, type Lasting, type Report } from './gateway/generation.ts';
import { grantToken, keyDirectory, ownerOf } from './gateway/owner-token.ts';
import { systemClock } from './gateway/system-clock.ts';
import { version } from './gateway/version.ts';
import { protectedResourceMetadata } from './identity/resource-metadata.ts';
import type { Clock, Journal } from './pipeline/ports.ts';
import { openEraVerdicts } from './store/sqlite/era-verdicts.ts';
import { type Listening, listen } from './transport/front/listen.ts';
import { codecs } from './wire/revisions.ts';

export { checkSettings } from './gateway/check-settings.ts';
export { issueOwnerToken } from './gateway/owner-token.ts';

/**
 * Starts a gateway: the only place where rooms meet. Rejects, with what to mend, when the address, the state or the
 * settings cannot be used; then everything that was started is ended again.
 */
export async function startGateway(settings: Settings, options: StartOptions = {}): Promise<Gateway> {
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
  options: StartOptions,
  closers: (() => Promise<void> | void)[],
): Promise<Gateway> {
  const clock = systemClock();
  const journal = await openJournal({ directory: settings.audit.directory });
  closers.push(journal.close);
  const verdicts = openEraVerdicts(join(settings.state.directory, 'state.sqlite'));
  closers.push(verdicts.close);
  const lasting: Lasting = {
    clock,
    journal: settings.audit.sync === 'strict' ? journal : relaxed(journal),
    seal: createSeal(await loadKey(join(await keyDirectory(settings), 'seal.key')), clock),
    verdicts,
    owner: await ownerOf(settings, clock),
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
    token: lasting.owner && grantToken(lasting.owner, settings, clock, listening.url),
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
