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
  const { method, member } = lists[kind];
  const { limits } = context;
  const items = new Map<string, JsonObject>();
  let ttlMs = limits.listMs;
  let cursor: string | undefined;
  for (let page = 0; page < limits.listPages; page++) {
    const result = await upstream.ask(method, cursor === undefined ? {} : { cursor }, scope, signal);
    if (result instanceof Refusal) return result.code === 'method_unknown' ? { items: [], ttlMs } : result;
    const entries = arrayMember(result, member);
    if (entries === undefined) return refuse('upstream_failed', `the answer to ${method} has no \`${member}\` list`);
    for (const entry of entries) keep(context, kind, entry, items);
    ttlMs = Math.min(ttlMs, lifeOf(result) ?? ttlMs);
    cursor = stringMember(result, 'nextCursor');
    if (cursor === undefined) return { items: [...items.values()], ttlMs };
    if (items.size > limits.listItems) return refuse('upstream_failed', `${method} lists over ${limits.listItems} entries`);
  }
  return refuse('upstream_failed', `${method} has over ${limits.listPages} pages`);
}

function keep(context: ServerContext, kind: ListedKind, entry: unknown, items: Map<string, JsonObject>): void {
  if (!isJsonObject(entry)) return context.log('list entry dropped', `a ${kind} that is no object`);
  const name = stringMember(entry, lists[kind].name);
  if (name === undefined || name === '') return context.log('list entry dropped', `a ${kind} without a name`);
  const fault = items.has(name) ? 'the name stands twice' : kind === 'tool' ? invalidMirrors(entry) : undefined;
  if (fault !== undefined) return context.log('list entry dropped', `${kind} ${JSON.stringify(name)}: ${fault}`);
  items.set(name, entry);
}

/** A server that says nothing, or a nonsense, leaves the time to the gateway (server/utilities/caching). */
function lifeOf({ ttlMs }: JsonObject): number | undefined {
  return typeof ttlMs === 'number' && ttlMs >= 0 ? ttlMs : undefined;
}
