import { createCatalog } from '../control/catalog.ts';
import type { Adapters } from '../control/gateway-contract.ts';
import type { ServerSettings, Settings } from '../control/settings.ts';
import { createGuard } from '../guard/guard.ts';
import { createIdentity } from '../identity/identity.ts';
import type { Owner } from '../identity/owner.ts';
import { protectedResourceMetadata } from '../identity/resource-metadata.ts';
import { createStaticBroker } from '../identity/static-broker.ts';
import type { JsonObject } from '../model/json.ts';
import type { Endpoint } from '../model/public-name.ts';
import type { ServerId } from '../model/server-id.ts';
import { enforce } from '../pipeline/enforce.ts';
import type { Clock, Enforce, EraVerdicts, Identity, Journal, Ports, Seal } from '../pipeline/ports.ts';
import { createPolicy } from '../policy/create-policy.ts';
import { createTagger } from '../policy/tagger.ts';
import { createUpstreams } from '../transport/upstream/create-upstreams.ts';
import type { UpstreamLog, UpstreamSettings } from '../transport/upstream/settings.ts';
import { codecs } from '../wire/revisions.ts';
import { issuerOf } from './issuers.ts';

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
}

/** Tells the operator of an event. */
export type Report = (event: string, facts: Readonly<Record<string, string>>) => void;

/** Everything that one configuration makes. A new configuration is a new generation, taken into use at once. */
export interface Generation {
  readonly enforce: Enforce;
  readonly identify: Identity['identify'];
  readonly servers: (endpoint: Endpoint) => readonly ServerId[] | undefined;
  /** The RFC 9728 document of a resource, given its URI. */
  readonly metadata: (resource: string) => JsonObject;
  /** Ends its change streams, so that clients ask again, and then its upstreams. */
  readonly retire: () => Promise<void>;
}

/**
 * Builds a generation. `owner` is the one whose tokens count in it, undefined when `identity.owner` is off. Throws, with
 * what to mend, if the settings cannot be used; then nothing has been started.
 */
export function createGeneration(settings: Settings, lasting: Lasting, owner: Owner | undefined): Generation {
  const { clock, journal, seal, info, adapters } = lasting;
  const servers = serversOf(settings.servers);
  const identity =
    adapters.identity ??
    createIdentity({
      issuers: [...(owner ? [owner.issuer] : []), ...settings.identity.issuers.map(issuerOf)],
      scopes: settings.identity.scopes,
      clock,
    });
  const policy =
    adapters.policy ??
    createPolicy({
      sources: settings.policy.sources,
      timezone: settings.policy.timezone,
      onDifference: (difference) =>
        lasting.report('policy engines differ', { difference: JSON.stringify(difference) }),
    });
  const broker = adapters.broker ?? createStaticBroker({ servers: credentialsOf(settings.servers) });
  const upstreams = createUpstreams(upstreamOptions(settings, lasting));
  const replaced = new AbortController();
  const ports: Ports = {
    clock,
    journal,
    seal,
    identity,
    tasks: endless,
    policy,
    broker,
    upstreams,
    catalog: createCatalog({ inventory: upstreams, broker, clock }),
    tagger: adapters.tagger ?? createTagger(tagsOf(settings)),
    guard: adapters.guard ?? createGuard(settings.guard),
    front: { servers, revisions: codecs.map(({ revision }) => revision), info, replaced: replaced.signal },
  };
  return {
    enforce: enforce(ports),
    identify: identity.identify,
    servers,
    metadata: metadataOf(settings),
    retire: () => {
      replaced.abort();
      return upstreams.close();
    },
  };
}

function metadataOf({ identity: { issuers, scopes } }: Settings): Generation['metadata'] {
  const authorizationServers = issuers.map(({ issuer }) => issuer);
  return (resource) =>
    protectedResourceMetadata({ resource, authorizationServers, scopes, name: 'Bartizan MCP gateway' });
}

function serversOf(servers: readonly ServerSettings[]): Generation['servers'] {
  const all = servers.map(({ id }) => id);
  const alone = new Map(all.map((id) => [id, [id]]));
  return (endpoint) => (endpoint.kind === 'aggregate' ? all : alone.get(endpoint.server));
}

function credentialsOf(
  servers: readonly ServerSettings[],
): Readonly<Record<string, { readonly headers: Readonly<Record<string, string>> }>> {
  return Object.fromEntries(
    servers.flatMap(({ id, target }) => (target.kind === 'http' ? [[id, { headers: target.headers }]] : [])),
  );
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
    servers: new Map(settings.servers.map((server) => [server.id, upstreamOf(server)])),
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

function upstreamOf({ target, era, timeoutSeconds }: ServerSettings): UpstreamSettings {
  const timeoutMs = timeoutSeconds * 1000;
  if (target.kind === 'stdio') return { ...target, era, timeoutMs };
  const { kind, url, transport } = target;
  return { kind, url, transport, era, timeoutMs };
}

const never = new AbortController().signal;

/** No task has an end or a budget. */
const endless: Ports['tasks'] = {
  begin: () => ({ ended: never }),
  charge: () => undefined,
};
