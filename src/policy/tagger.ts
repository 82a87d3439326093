import type { Resource } from '../model/decision.ts';
import type { JsonValue } from '../model/json.ts';
import type { Primitive } from '../model/primitive.ts';
import type { Tagger } from '../pipeline/ports.ts';
import { type JsonPointer, parseJsonPointer } from './json-pointer.ts';
import {
  createResourceTags,
  isNormalName,
  isPlainName,
  type ResourceTags,
  type Tags,
} from './resource-tags.ts';

/** The operator's tags. Those of a tool win over those of its server, those of the resource id over both. */
export interface TaggerOptions {
  /** By server id. */
  readonly servers?: Readonly<Record<string, Tags>>;
  /** By `server:tool`. */
  readonly tools?: Readonly<Record<string, ToolTags>>;
  /** By resource id, exact or with one `*` at its end or start: `github:acme/blue-*`. */
  readonly resources?: Readonly<Record<string, Tags>>;
}

/** What the operator says of one tool. */
interface ToolTags {
  readonly tags?: Tags;
  /** JSON Pointer (RFC 6901) to the argument that names the resource: `/repo` makes it `server:<value>`. */
  readonly resource?: string;
}

/**
 * Makes the tagger.
 *
 * @throws Error for a pointer or a pattern that cannot be read.
 */
export function createTagger(options: TaggerOptions = {}): Tagger {
  const resources = createResourceTags(options.resources ?? {});
  const pointers = readPointers(options.tools ?? {});
  const plain = createPlainResources(options, resources);
  return {
    resource: (primitive, args) => {
      const pointer = primitive.kind === 'tool' ? pointers.get(idOf(primitive)) : undefined;
      if (pointer !== undefined) return pointedResource(options, resources, primitive, args && pointer(args));
      if (primitive.kind === 'template' && args === undefined) return openResource(options, primitive);
      return plain(primitive);
    },
  };
}

/** Resources whose id is that of their primitive; each is made once, so that what hangs on it can be kept. */
function createPlainResources(
  options: TaggerOptions,
  resources: ResourceTags,
): (primitive: Primitive) => Resource {
  const known = new Map<string, Resource>();
  return (primitive) => {
    const id = idOf(primitive);
    const key = `${primitive.kind} ${id}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const tags = resources.over(baseTags(options, primitive), id);
    const resource = { primitive, id, tags, ...openIfDisguised(primitive, resources) };
    if (known.size >= mostKept) known.clear();
    if (key.length <= longestKept) known.set(key, resource);
    return resource;
  };
}

/** Clients choose the URIs they name, so what is kept of resources is bounded, in number and in length. */
const mostKept = 10_000;
const longestKept = 512;
const open = { open: true } as const;

/** The id of a primitive: `server:name`, or the server id for the server itself. */
function idOf({ server, kind, name }: Primitive): string {
  return kind === 'server' ? server : `${server}:${name}`;
}

function baseTags({ servers = {}, tools = {} }: TaggerOptions, primitive: Primitive): Tags {
  const ofServer = own(servers, primitive.server);
  const ofTool = primitive.kind === 'tool' ? own(tools, idOf(primitive))?.tags : undefined;
  return ofTool === undefined ? (ofServer ?? noTags) : { ...ofServer, ...ofTool };
}

const noTags: Tags = {};

function pointedResource(
  options: TaggerOptions,
  resources: ResourceTags,
  primitive: Primitive,
  value: JsonValue | undefined,
): Resource {
  const name = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof name !== 'string' || name === '' || !isPlainName(name)) return openResource(options, primitive);
  const id = `${primitive.server}:${name}`;
  if (resources.nearlyMatches(id)) return openResource(options, primitive);
  return { primitive, id, tags: resources.over(baseTags(options, primitive), id) };
}

function openResource(options: TaggerOptions, primitive: Primitive): Resource {
  return { primitive, id: idOf(primitive), tags: baseTags(options, primitive), ...open };
}

/**
 * A URI that a server could resolve to another resource is none that a policy can decide by name. Where tags of
 * resources are in use, it must be plain.
 */
function openIfDisguised({ kind, server, name }: Primitive, resources: ResourceTags): Pick<Resource, 'open'> {
  if (kind !== 'resource') return {};
  const isTagged = resources.covers(server);
  const isSure = isNormalName(name) && (!isTagged || isPlainName(name));
  return isSure && !resources.nearlyMatches(`${server}:${name}`) ? {} : open;
}

function readPointers(tools: Readonly<Record<string, ToolTags>>): ReadonlyMap<string, JsonPointer> {
  const pointers = Object.entries(tools).flatMap(([tool, { resource }]): readonly [string, JsonPointer][] => {
    if (resource === undefined) return [];
    const pointer = parseJsonPointer(resource);
    if (pointer !== undefined) return [[tool, pointer]];
    throw new Error(
      `\`${resource}\` of the tool \`${tool}\` is not a JSON Pointer: write \`/repo\` (RFC 6901)`,
    );
  });
  return new Map(pointers);
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
