import { arrayMember, type JsonObject, objectMember } from '../../model/json.ts';
import { type Endpoint, parsePublicUri, publicUri } from '../../model/public-name.ts';
import { Refusal, refuse } from '../../model/refusal.ts';
import type { ServerId } from '../../model/server-id.ts';
import { accessRequest, callerOf } from '../access.ts';
import type { ForwardTools } from '../forward.ts';
import type { ListenFilter } from '../ports.ts';
import type { Recorded } from '../record-decision.ts';

/**
 * The part of a wanted filter that each upstream can deliver and the policy permits. Upstreams with nothing to deliver
 * are left out.
 */
export async function allowedFilters(
  tools: ForwardTools,
  state: Recorded,
): Promise<ReadonlyMap<ServerId, ListenFilter> | Refusal> {
  const wanted = objectMember(state.call.params, 'notifications');
  if (wanted === undefined) return refuse('invalid_params', '`notifications` is missing');
  const servers = state.route.kind === 'relay' ? [] : state.route.servers;
  const filters = new Map<ServerId, ListenFilter>();
  for (const server of servers) {
    const description = await tools.ports.catalog.describe(server, callerOf(state));
    if (description instanceof Refusal) continue;
    const filter = allowedFilter(tools, state, server, wanted, description.capabilities);
    if (filter !== undefined) filters.set(server, filter);
  }
  return filters;
}

function allowedFilter(
  tools: ForwardTools,
  state: Recorded,
  server: ServerId,
  wanted: JsonObject,
  capabilities: JsonObject,
): ListenFilter | undefined {
  const declares = (capability: string, option: string): boolean =>
    objectMember(capabilities, capability)?.[option] === true;
  const changes = (kind: string): boolean =>
    wanted[`${kind}ListChanged`] === true && declares(kind, 'listChanged');
  const uris = declares('resources', 'subscribe') ? readableUris(tools, state, server, wanted) : [];
  const filter: ListenFilter = {
    toolsListChanged: changes('tools'),
    promptsListChanged: changes('prompts'),
    resourcesListChanged: changes('resources'),
    resourceSubscriptions: uris,
  };
  return Object.values(filter).some((value) => value === true) || uris.length > 0 ? filter : undefined;
}

/** Each one is decided. The acknowledgement says which were honoured; what is beyond was not. */
const mostUris = 256;

function readableUris(
  { ports: { policy, tagger } }: ForwardTools,
  state: Recorded,
  server: ServerId,
  wanted: JsonObject,
): readonly string[] {
  const wantedUris = (arrayMember(wanted, 'resourceSubscriptions') ?? []).slice(0, mostUris);
  const owned = wantedUris.map((uri) =>
    typeof uri === 'string' ? parsePublicUri(state.call.endpoint, uri) : undefined,
  );
  return owned.flatMap((uri) => {
    if (uri === undefined || uri.server !== server) return [];
    const primitive = { server, kind: 'resource', name: uri.name } as const;
    const request = accessRequest(tagger, state, primitive, 'resources/read', {});
    return policy.decide(request).effect === 'permit' ? [uri.name] : [];
  });
}

/** The honoured subset as the client is told (patterns/subscriptions, "Acknowledgement"): what is off is absent. */
export function honoured(endpoint: Endpoint, filters: ReadonlyMap<ServerId, ListenFilter>): JsonObject {
  const all = [...filters.values()];
  const uris = [...filters].flatMap(([server, { resourceSubscriptions }]) =>
    resourceSubscriptions.map((uri) => publicUri(endpoint, server, uri)),
  );
  return {
    ...(all.some((one) => one.toolsListChanged) && { toolsListChanged: true }),
    ...(all.some((one) => one.promptsListChanged) && { promptsListChanged: true }),
    ...(all.some((one) => one.resourcesListChanged) && { resourcesListChanged: true }),
    ...(uris.length > 0 && { resourceSubscriptions: uris }),
  };
}
