import type { PrimitiveKind } from './primitive.ts';

/** How a method travels: answered here, gathered from every upstream of the endpoint, relayed to one, or a stream. */
export type MethodRoute = 'answer' | 'gather' | 'relay' | 'listen';

/** A request method the gateway polices. */
export type Method =
  | 'server/discover'
  | 'ping'
  | 'tools/list'
  | 'tools/call'
  | 'resources/list'
  | 'resources/templates/list'
  | 'resources/read'
  | 'prompts/list'
  | 'prompts/get'
  | 'completion/complete'
  | 'subscriptions/listen';

/** What the gateway knows of one MCP request method. */
export interface MethodFacts {
  readonly route: MethodRoute;
  /** The kind of primitive the method acts on. */
  readonly acts: PrimitiveKind;
  /** The member of `params` that names the primitive, where there is one. It is mirrored in `Mcp-Name`. */
  readonly target?: 'name' | 'uri';
  /** The member of a list result that holds its items. */
  readonly items?: string;
  /** May answer `input_required` (basic/patterns/mrtr, "Supported Requests"). */
  readonly interactive?: true;
  /** Its result must carry `ttlMs` and `cacheScope` (server/utilities/caching). */
  readonly cacheable?: true;
}

/**
 * Every request method that the gateway polices, in the vocabulary of 2026-07-28 plus the session methods of the
 * older revisions. A method that has no row is denied.
 */
export const methods: Readonly<Record<Method, MethodFacts>> = {
  'server/discover': { route: 'answer', acts: 'server', cacheable: true },
  ping: { route: 'answer', acts: 'server' },
  'tools/list': { route: 'gather', acts: 'tool', items: 'tools', cacheable: true },
  'tools/call': { route: 'relay', acts: 'tool', target: 'name', interactive: true },
  'resources/list': { route: 'gather', acts: 'resource', items: 'resources', cacheable: true },
  'resources/templates/list': {
    route: 'gather',
    acts: 'template',
    items: 'resourceTemplates',
    cacheable: true,
  },
  'resources/read': { route: 'relay', acts: 'resource', target: 'uri', interactive: true, cacheable: true },
  'prompts/list': { route: 'gather', acts: 'prompt', items: 'prompts', cacheable: true },
  'prompts/get': { route: 'relay', acts: 'prompt', target: 'name', interactive: true },
  'completion/complete': { route: 'relay', acts: 'prompt' },
  'subscriptions/listen': { route: 'listen', acts: 'server' },
};

const rows: ReadonlyMap<string, MethodFacts> = new Map(Object.entries(methods));

/** The facts of a method, or undefined for one that is not policed (and so is denied). */
export function methodFacts(method: string): MethodFacts | undefined {
  return rows.get(method);
}

/** Narrows a string to a policed method. */
export function isMethod(method: string): method is Method {
  return rows.has(method);
}
