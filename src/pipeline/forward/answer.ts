import type { Eventual } from '../../model/eventual.ts';
import { blocking } from '../../model/finding.ts';
import { type JsonObject, stringMember } from '../../model/json.ts';
import { metaKey } from '../../model/meta-key.ts';
import type { Endpoint } from '../../model/public-name.ts';
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
 * time, or whose user has to connect an account first, every policed capability is supposed, because a client does not
 * ask again.
 */
function describeEndpoint({ ports }: ForwardTools): Forward {
  return async (state) => {
    const { route, call } = state;
    const servers = route.kind === 'relay' ? [] : route.servers;
    const patience = servers.length === 1 ? undefined : patienceMs;
    const found = await Promise.all(
      servers.map((server) => inTime(ports.catalog.describe(server, callerOf(state)), patience)),
    );
    const described = found.map((one) => supposed(one) ?? one).filter(isDescription);
    const refused = found.find(
      (one): one is Refusal => one instanceof Refusal && supposed(one) === undefined,
    );
    if (refused !== undefined && servers.length === 1) return refused;
    return replyOf(call, {
      supportedVersions: ports.front.revisions,
      capabilities: offeredCapabilities(described.map(({ capabilities }) => capabilities)),
      ...instructionsOf(ports, [...described, ...unconnected(call.endpoint, found)]),
      _meta: { [metaKey.serverInfo]: ports.front.info },
    });
  };
}

/** What is supposed of a server that does not say yet: it is slow, or its user has to connect an account first. */
function supposed(found: ServerDescription | Refusal | undefined): ServerDescription | undefined {
  const isOpen = found === undefined || (found instanceof Refusal && found.code === 'connection_required');
  return isOpen ? { capabilities: everyCapability } : undefined;
}

/**
 * Lists of all servers leave out the one whose account is missing, so the instructions say where it is connected. They
 * name no server: which one the caller could use is not known before its list is.
 */
function unconnected(
  { kind }: Endpoint,
  found: readonly (ServerDescription | Refusal | undefined)[],
): readonly ServerDescription[] {
  if (kind !== 'aggregate') return [];
  const refused = found.find((one) => one instanceof Refusal && one.code === 'connection_required');
  const page = refused instanceof Refusal ? stringMember(refused.data, 'url') : undefined;
  if (page === undefined) return [];
  const { href } = new URL('/connect', page);
  const instructions = `Tools of a server may be missing here because the user has not connected an account yet: that is done at ${href} in a browser.`;
  return [{ capabilities: {}, instructions }];
}

/** The value, or undefined after so many milliseconds. */
async function inTime<Value>(value: Eventual<Value>, ms: number | undefined): Promise<Value | undefined> {
  if (!(value instanceof Promise) || ms === undefined) return value;
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(late.resolve, ms, undefined);
  return Promise.race([value, late.promise]).finally(() => clearTimeout(timer));
}

function isDescription(found: ServerDescription | Refusal | undefined): found is ServerDescription {
  return found !== undefined && !(found instanceof Refusal);
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
