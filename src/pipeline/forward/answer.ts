import type { Eventual } from '../../model/eventual.ts';
import { blocking } from '../../model/finding.ts';
import type { JsonObject } from '../../model/json.ts';
import { metaKey } from '../../model/meta-key.ts';
import { Refusal } from '../../model/refusal.ts';
import { callerOf } from '../access.ts';
import type { Forward, ForwardTools } from '../forward.ts';
import type { ServerDescription } from '../ports.ts';
import { replyOf } from '../reply.ts';
import { everyCapability, offeredCapabilities } from './capabilities.ts';

/** Methods that the gateway answers for itself: `server/discover` and `ping`. */
export function answer(tools: ForwardTools): Forward {
  const discover = describeEndpoint(tools);
  return (state, signal) =>
    state.call.method === 'ping' ? replyOf(state.call, {}) : discover(state, signal);
}

/** How long the aggregate endpoint waits for one server, in milliseconds: one that still installs must not hold up all. */
const patienceMs = 2_000;

/**
 * What the endpoint offers: the gateway's own revisions, the capabilities that upstreams have and the gateway polices,
 * and the instructions that may be shown to a model. Upstreams that cannot be asked are left out; of one that takes its
 * time every policed capability is supposed, because a client does not ask again.
 */
function describeEndpoint({ ports }: ForwardTools): Forward {
  return async (state) => {
    const { route, call } = state;
    const servers = route.kind === 'relay' ? [] : route.servers;
    const patience = servers.length === 1 ? undefined : patienceMs;
    const found = await Promise.all(
      servers.map((server) => inTime(ports.catalog.describe(server, callerOf(state)), patience)),
    );
    const described = found.map((description) => description ?? notYetKnown).filter(isDescription);
    const refused = found.find((description) => description instanceof Refusal);
    if (refused !== undefined && servers.length === 1) return refused;
    return replyOf(call, {
      supportedVersions: ports.front.revisions,
      capabilities: offeredCapabilities(described.map(({ capabilities }) => capabilities)),
      ...instructionsOf(ports, described),
      _meta: { [metaKey.serverInfo]: ports.front.info },
    });
  };
}

const notYetKnown: ServerDescription = { capabilities: everyCapability };

/** The value, or undefined after so many milliseconds. */
async function inTime<Value>(value: Eventual<Value>, ms: number | undefined): Promise<Value | undefined> {
  if (!(value instanceof Promise) || ms === undefined) return value;
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(late.resolve, ms, undefined);
  return Promise.race([value, late.promise]).finally(() => clearTimeout(timer));
}

function isDescription(found: ServerDescription | Refusal): found is ServerDescription {
  return !(found instanceof Refusal);
}

/** Instructions are text that a model will read, so they pass the same guard as descriptions. */
function instructionsOf(
  { guard }: ForwardTools['ports'],
  described: readonly ServerDescription[],
): JsonObject {
  const texts = described.flatMap(({ instructions }) => instructions ?? []);
  const clean = texts.filter((instructions) => blocking(guard.description({ instructions })).length === 0);
  return clean.length === 0 ? {} : { instructions: clean.join('\n\n') };
}
