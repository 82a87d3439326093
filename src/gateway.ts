import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type FileJournal, openJournal } from './audit/journal.ts';
import type { Gateway, StartOptions } from './control/gateway-contract.ts';
import type { Settings } from './control/settings.ts';
import { createSeal } from './flow/seal.ts';
import { boundedReport } from './gateway/bounded-report.ts';
import { createGeneration, type Generation, type Lasting } from './gateway/generation.ts';
import { type Closers, openLastingIdentity } from './gateway/lasting-identity.ts';
import { grantToken, ownerOf } from './gateway/owner-token.ts';
import { systemClock } from './gateway/system-clock.ts';
import { version } from './gateway/version.ts';
import type { Owner } from './identity/owner.ts';
import { faultTrace } from './model/fault-message.ts';
import type { Report } from './model/report.ts';
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
  const closers: Closers = [];
  try {
    return await compose(settings, options, closers);
  } catch (fault) {
    // Why it did not start matters more than what else went wrong on the way out.
    await closeAll(closers).catch(() => undefined);
    throw fault;
  }
}

async function compose(settings: Settings, options: StartOptions, closers: Closers): Promise<Gateway> {
  const clock = systemClock();
  const journal = await openJournal({ directory: settings.audit.directory });
  closers.push(journal.close);
  const verdicts = openEraVerdicts(join(settings.state.directory, 'state.sqlite'));
  closers.push(verdicts.close);
  const report = boundedReport(reporting(clock, journal, options.report), clock);
  const identity = await openLastingIdentity(settings, clock, report, closers);
  const lasting: Lasting = {
    clock,
    journal: settings.audit.sync === 'strict' ? journal : relaxed(journal),
    seal: createSeal(identity.sealKey, clock),
    verdicts,
    info: { name: 'bartizan', version },
    report,
    adapters: options.adapters ?? {},
    identity,
  };
  const running = await serve(settings, lasting, closers);
  for (const repair of journal.repairs) report('audit log repaired', { repair });
  report('gateway started', { url: running.listening.url, version });
  return gatewayOf(settings, lasting, running, closers);
}

/** The listener with the generation behind it, which a reload exchanges. */
interface Running {
  readonly listening: Listening;
  readonly owner: Owner | undefined;
  generation: Generation;
}

/** The listener comes first, because a free port is known only then; requests wait until the rest is there. */
async function serve(settings: Settings, lasting: Lasting, closers: Closers): Promise<Running> {
  const started = Promise.withResolvers<void>();
  // The start fails by its own rejection; nobody may wait here then.
  started.promise.catch(() => undefined);
  let running: Running | undefined;
  const current = (): Generation => {
    if (running === undefined) throw new Error('the gateway has not started yet');
    return running.generation;
  };
  const listening = await listenFor(settings, lasting, current, started.promise);
  try {
    const owner = await ownerOf(settings, lasting.clock);
    const generation = await createGeneration({ settings, lasting, owner, origin: listening.url });
    running = { listening, owner, generation };
  } catch (fault) {
    started.reject(fault);
    await listening.close();
    throw fault;
  }
  const made = running;
  closers.push(() => made.generation.retire());
  closers.push(listening.close);
  started.resolve();
  return made;
}

function gatewayOf(settings: Settings, lasting: Lasting, running: Running, closers: Closers): Gateway {
  const { clock } = lasting;
  const { owner } = running;
  const { url } = running.listening;
  let current = settings;
  return {
    url,
    endpoints: endpointsOf(settings, url),
    token: owner && grantToken(owner, settings, clock, url),
    setupLink: () => running.generation.setupLink(),
    reload: async (next) => {
      refuseFixedChanges(current, next);
      const before = running.generation;
      const nextOwner = await ownerOf(next, clock);
      running.generation = await createGeneration({
        settings: next,
        lasting,
        owner: nextOwner,
        origin: url,
      });
      current = next;
      lasting.report('configuration reloaded', {});
      await before.retire();
    },
    stop: () => closeAll(closers),
  };
}

/** What was started last ends first. What fails to end does not keep the rest from ending; it is told afterwards. */
async function closeAll(closers: Closers): Promise<void> {
  const faults: unknown[] = [];
  for (const close of closers.splice(0).reverse()) {
    try {
      await close();
    } catch (fault) {
      faults.push(fault);
    }
  }
  if (faults.length > 0) throw new AggregateError(faults, 'the gateway did not end cleanly');
}

function listenFor(
  settings: Settings,
  lasting: Lasting,
  current: () => Generation,
  ready: Promise<void>,
): Promise<Listening> {
  const { host, port, publicUrl, allowedHosts, allowedOrigins, tls } = settings.listen;
  const certificate = lasting.identity.tls;
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
    metadata: (resource) => current().metadata(resource),
    host,
    port,
    ...(publicUrl !== undefined && { publicUrl }),
    allowedHosts,
    allowedOrigins,
    limits: settings.limits,
    ready,
    mounts: () => current().mounts,
    ...(certificate && { tls: { identity: certificate, askClients: tls?.askClients === true } }),
    onFault: (fault) => lasting.report('the front failed', { fault: faultTrace(fault) }),
  });
}

function endpointsOf({ servers }: Settings, url: string): Readonly<Record<string, string>> {
  return Object.fromEntries(servers.map(({ id }) => [id, `${url}/mcp/${id}`]));
}

/** What a running gateway cannot change; it says so instead of changing a part. */
function refuseFixedChanges(now: Settings, next: Settings): void {
  const fixed = ['listen', 'audit', 'state', 'limits', 'store', 'vault', 'spiffe'] as const;
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
