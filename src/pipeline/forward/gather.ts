import type { JsonObject } from '../../model/json.ts';
import { methods } from '../../model/method.ts';
import type { Listed } from '../../model/primitive.ts';
import { type Endpoint, publicName, publicUri } from '../../model/public-name.ts';
import { Refusal } from '../../model/refusal.ts';
import type { ServerId } from '../../model/server-id.ts';
import { callerOf } from '../access.ts';
import type { Forward, ForwardTools } from '../forward.ts';
import type { ListedKind } from '../ports.ts';
import type { Recorded } from '../record-decision.ts';
import { replyOf } from '../reply.ts';
import { readPage } from './page.ts';

/**
 * Joins the lists of the endpoint's upstreams and leaves out what the caller may not see. The order is that of the
 * configuration, then that of the upstream (server/tools: "deterministic order"). On the aggregate endpoint an
 * upstream that cannot be asked is left out; on its own endpoint that is an error.
 */
export function gather(tools: ForwardTools): Forward {
  const { catalog, seal, clock } = tools.ports;
  return async (state) => {
    const { acts, items = 'items' } = methods[state.call.method];
    const page = readPage(seal, state);
    if (page instanceof Refusal) return page;
    const lists = await Promise.all(
      serversOf(state).map((server) => catalog.list(server, acts as ListedKind, callerOf(state))),
    );
    const refused = lists.find((list) => list instanceof Refusal);
    if (refused !== undefined && lists.length === 1) return refused;
    const shown = lists.flatMap((list) => (list instanceof Refusal ? [] : shownOf(tools, state, list)));
    return replyOf(state.call, { [items]: page.slice(shown), ...page.next(shown.length, clock.now()) });
  };
}

function serversOf({ route }: Recorded): readonly ServerId[] {
  return route.kind === 'relay' ? [] : route.servers;
}

function shownOf({ visible }: ForwardTools, state: Recorded, list: readonly Listed[]): readonly JsonObject[] {
  const { endpoint } = state.call;
  return list.filter((listed) => visible(state, listed)).map((listed) => underPublicName(endpoint, listed));
}

/** INVARIANT: on a virtual server the items go out as the upstream sent them. */
function underPublicName(endpoint: Endpoint, { primitive, item }: Listed): JsonObject {
  if (endpoint.kind === 'server') return item;
  const { server, kind, name } = primitive;
  if (kind === 'resource') return { ...item, uri: publicUri(endpoint, server, name) };
  if (kind === 'template') return { ...item, uriTemplate: publicUri(endpoint, server, name) };
  return { ...item, name: publicName(endpoint, server, name) };
}
