import { createCatalog } from '../control/catalog.ts';
import type { Adapters } from '../control/gateway-contract.ts';
import type { ServerSettings, Settings } from '../control/settings.ts';
import { createGuard } from '../guard/guard.ts';
import type { Owner } from '../identity/owner.ts';
import { createTasks } from '../identity/task/tasks.ts';
import type { JsonObject } from '../model/json.ts';
import type { Endpoint } from '../model/public-name.ts';
import type { Report } from '../model/report.ts';
import type { ServerId } from '../model/server-id.ts';
import { enforce } from '../pipeline/enforce.ts';
import { entitle } from '../pipeline/entitle.ts';
import type { Clock, Enforce, EraVerdicts, Identity, Journal, Ports, Seal } from '../pipeline/ports.ts';
import { createPolicy } from '../policy/create-policy.ts';
import { createTagger } from '../policy/tagger.ts';
import type { Mount } from '../transport/front/options.ts';
import { createUpstreams } from '../transport/upstream/create-upstreams.ts';
import type { UpstreamLog, UpstreamSettings } from '../transport/upstream/settings.ts';
import { codecs } from '../wire/revisions.ts';
import { bundleMount } from './bundle-mount.ts';
import { openCallers } from './callers.ts';
import { openCredentials } from './credentials.ts';
import type { LastingIdentity } from './lasting-identity.ts';
import { workloadTls } from './workload-tls.ts';

/** What outlives a change of the configuration. */
export interface Lasting {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly seal: Seal;
  readonly verdicts: EraVerdicts;
  readonly info: { readonly name: string; readonly version: string };
  /** Something for the operator: a sentence, and facts for the audit log. */
  readonly report: Report;
  /** What an embedder brings instead of the gateway's own. */
  readonly adapters: Adapters;
  readonly identity: LastingIdentity;
}

/** Everything that one configuration makes. A new configuration is a new generation, taken into use at once. */
export interface Generation {
  readonly enforce: Enforce;
  readonly identify: Identity['identify'];
  readonly servers: (endpoint: Endpoint) => readonly ServerId[] | undefined;
  /** The RFC 9728 document of a resource, given its URI. */
  readonly metadata: (resource: string) => JsonObject;
  /** What answers beside MCP: the authorization server, tasks, the connection of accounts. */
  readonly mounts: readonly Mount[];
  /** A one-time link to set the owner up; undefined where none is needed. */
  readonly setupLink: () => Promise<string | undefined>;
  /** Ends its change streams, so that clients ask again, and then its upstreams. */
  readonly retire: () => Promise<void>;
}

/** What a generation is made of. */
export interface GenerationParts {
  readonly settings: Settings;
  readonly lasting: Lasting;
  /** Whose tokens count as the owner's; undefined when `identity.owner` is off. */
  readonly owner: Owner | undefined;
  /** The public origin of the gateway. */
  readonly origin: string;
}

/** Builds a generation. Rejects, with what to mend, if the settings cannot be used; then nothing has been started. */
export async function createGeneration(parts: GenerationParts): Promise<Generation> {
  const { settings, lasting } = parts;
  const { clock, journal, seal, info, adapters, identity: shared } = lasting;
  const servers = serversOf(settings.servers);
  const policy = adapters.policy ?? policyOf(settings, lasting);
  const tagger = adapters.tagger ?? createTagger(tagsOf(settings));
  const guard = adapters.guard ?? createGuard(settings.guard);
  const credentials = openCredentials(parts);
  const broker = adapters.broker ?? credentials.broker;
  const upstreams = createUpstreams(upstreamOptions(settings, lasting));
  const catalog = createCatalog({ inventory: upstreams, broker, clock });
  const rights = {
    ports: { catalog, policy, tagger, guard, clock },
    servers: () => settings.servers.map(({ id }) => id),
  };
  const callers = await openCallers({ ...parts, entitle: entitle(rights), ...credentials.login });
  credentials.follow(callers);
  const identity = adapters.identity ?? callers.identity;
  const replaced = new AbortController();
  const ports: Ports = {
    clock,
    journal,
    seal,
    identity,
    tasks: createTasks({ ledger: shared.ledger, revocations: shared.revocations, clock }),
    policy,
    broker,
    upstreams,
    catalog,
    tagger,
    guard,
    front: { servers, revisions: codecs.map(({ revision }) => revision), info, replaced: replaced.signal },
  };
  return {
    enforce: enforce(ports),
    identify: identity.identify,
    servers,
    metadata: callers.metadata,
    // The bundle stands below the path of the authorization server, so it comes first.
    mounts: [
      ...(callers.server ? [bundleMount(callers.server, clock)] : []),
      ...callers.mounts,
      ...credentials.mounts,
    ],
    setupLink: callers.setupLink,
    retire: async () => {
      replaced.abort();
      await callers.close();
      await upstreams.close();
    },
  };
}

function policyOf({ policy }: Settings, { report }: Lasting): Ports['policy'] {
  return createPolicy({
    sources: policy.sources,
    timezone: policy.timezone,
    onDifference: (difference) => report('policy engines differ', { difference: JSON.stringify(difference) }),
  });
}

function serversOf(servers: readonly ServerSettings[]): Generation['servers'] {
  const all = servers.map(({ id }) => id);
  const alone = new Map(all.map((id) => [id, [id]]));
  return (endpoint) => (endpoint.kind === 'aggregate' ? all : alone.get(endpoint.server));
}

function tagsOf({ servers, resources }: Settings): Parameters<typeof createTagger>[0] {
  return {
    servers: Object.fromEntries(servers.map(({ id, tags }) => [id, tags])),
    tools: Object.fromEntries(
      servers.flatMap(({ id, tools }) => [...tools].map(([name, tool]) => [`${id}:${name}`, tool])),
    ),
    resources: Object.fromEntries(resources),
  };
}

function upstreamOptions(settings: Settings, lasting: Lasting): Parameters<typeof createUpstreams>[0] {
  const { limits } = settings;
  const log: UpstreamLog = (server, event, detail) => lasting.report(event, { server, detail });
  return {
    servers: new Map(settings.servers.map((server) => [server.id, upstreamOf(server, lasting)])),
    verdicts: lasting.verdicts,
    clock: lasting.clock,
    info: lasting.info,
    log,
    limits: {
      resultBytes: limits.resultBytes,
      jsonDepth: limits.jsonDepth,
      callMs: limits.callSeconds * 1000,
      idleMs: limits.upstreamIdleSeconds * 1000,
      linksPerServer: limits.upstreams,
      // One for everything that a principal may have open, so that no call waits behind a stream.
      connections: limits.callsPerPrincipal + limits.streamsPerPrincipal,
    },
  };
}

function upstreamOf({ target, era, timeoutSeconds }: ServerSettings, lasting: Lasting): UpstreamSettings {
  const timeoutMs = timeoutSeconds * 1000;
  if (target.kind === 'stdio') return { ...target, era, timeoutMs };
  const { kind, url, transport, auth } = target;
  const tls = auth?.kind === 'workload-mtls' ? workloadTls(lasting, auth.spiffeId) : undefined;
  return { kind, url, transport, era, timeoutMs, ...(tls && { tls }) };
}
