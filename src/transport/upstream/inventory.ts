import { arrayMember, isJsonObject, type JsonObject, stringMember } from '../../model/json.ts';
import { Refusal, refuse } from '../../model/refusal.ts';
import type { Inventoried, ListedKind, Scope } from '../../pipeline/ports.ts';
import { invalidMirrors } from '../../wire/param-headers.ts';
import type { ServerContext } from './settings.ts';
import type { Upstream } from './upstream.ts';

interface ListFacts {
  readonly method: string;
  readonly member: string;
  /** What an entry is known by. */
  readonly name: string;
}

const lists: Readonly<Record<ListedKind, ListFacts>> = {
  tool: { method: 'tools/list', member: 'tools', name: 'name' },
  prompt: { method: 'prompts/list', member: 'prompts', name: 'name' },
  resource: { method: 'resources/list', member: 'resources', name: 'uri' },
  template: { method: 'resources/templates/list', member: 'resourceTemplates', name: 'uriTemplate' },
};

/**
 * Reads a list, page by page. A server without the method or the capability has an empty list. Entries without a name,
 * entries whose name was given before, and tools that a client must not use (streamable-http, "Schema Extension") are
 * left out.
 */
export async function listAll(
  context: ServerContext,
  upstream: Upstream,
  kind: ListedKind,
  scope: Scope,
  signal: AbortSignal,
): Promise<Inventoried | Refusal> {
  const { method } = lists[kind];
  const { limits } = context;
  const items = new Map<string, JsonObject>();
  let ttlMs = limits.listMs;
  let params: JsonObject = {};
  for (let page = 0; page < limits.listPages && items.size <= limits.listItems; page++) {
    const result = await upstream.ask(method, params, scope, signal);
    if (result instanceof Refusal) return emptyIfUnknown(result, ttlMs);
    const fault = keepPage(context, kind, result, items);
    if (fault !== undefined) return fault;
    ttlMs = Math.min(ttlMs, lifeOf(result) ?? ttlMs);
    const cursor = stringMember(result, 'nextCursor');
    if (cursor === undefined) return { items: [...items.values()], ttlMs };
    params = { cursor };
  }
  return refuse(
    'upstream_failed',
    `${method} has over ${limits.listPages} pages or ${limits.listItems} entries`,
  );
}

function emptyIfUnknown(refusal: Refusal, ttlMs: number): Inventoried | Refusal {
  return refusal.code === 'method_unknown' ? { items: [], ttlMs } : refusal;
}

function keepPage(
  context: ServerContext,
  kind: ListedKind,
  result: JsonObject,
  items: Map<string, JsonObject>,
): Refusal | undefined {
  const { method, member } = lists[kind];
  const entries = arrayMember(result, member);
  if (entries === undefined)
    return refuse('upstream_failed', `the answer to ${method} has no \`${member}\` list`);
  for (const entry of entries) keep(context, kind, entry, items);
  return undefined;
}

function keep(
  context: ServerContext,
  kind: ListedKind,
  entry: unknown,
  items: Map<string, JsonObject>,
): void {
  if (!isJsonObject(entry)) {
    context.log('list entry dropped', `a ${kind} that is no object`);
    return;
  }
  const name = stringMember(entry, lists[kind].name);
  if (name === undefined || name === '') {
    context.log('list entry dropped', `a ${kind} without a name`);
    return;
  }
  const fault = items.has(name)
    ? 'the name stands twice'
    : kind === 'tool'
      ? invalidMirrors(entry)
      : undefined;
  if (fault !== undefined) {
    context.log('list entry dropped', `${kind} ${JSON.stringify(name)}: ${fault}`);
    return;
  }
  items.set(name, entry);
}

/** A server that says nothing, or a nonsense, leaves the time to the gateway (server/utilities/caching). */
function lifeOf({ ttlMs }: JsonObject): number | undefined {
  return typeof ttlMs === 'number' && ttlMs >= 0 ? ttlMs : undefined;
}
