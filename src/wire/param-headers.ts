import { isJsonObject, type JsonObject, type JsonValue, objectMember } from '../model/json.ts';
import { type Refusal, refuse } from '../model/refusal.ts';
import { encodeHeaderValue } from './header-value.ts';

/** The prefix of headers that mirror arguments, in lower case. */
export const mirrorPrefix: string = 'mcp-param-';

/** An argument that is mirrored in a header (streamable-http, "Custom Headers"). */
interface Mirror {
  readonly path: readonly string[];
  /** As annotated, such as `Region` for `Mcp-Param-Region`. */
  readonly header: string;
  readonly type: MirroredType;
}

type MirroredType = 'string' | 'integer' | 'boolean';

interface Mirrors {
  readonly mirrors: readonly Mirror[];
  readonly fault: string | undefined;
}

const annotation = 'x-mcp-header';
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const none: Mirrors = { mirrors: [], fault: undefined };

/** Keywords whose value maps names to schemas. */
const schemaMaps: ReadonlySet<string> = new Set([
  '$defs',
  'definitions',
  'patternProperties',
  'dependentSchemas',
]);
/** Keywords whose value is an example or constant, not a schema. */
const values: ReadonlySet<string> = new Set(['const', 'default', 'enum', 'examples']);

/** Reading is done once for each list entry. */
const known = new WeakMap<JsonObject, Mirrors>();

/**
 * What is wrong with the `x-mcp-header` annotations of a tool, or undefined. A client must leave out a tool with such a
 * fault (streamable-http, "Schema Extension").
 */
export function invalidMirrors(item: JsonObject): string | undefined {
  return mirrorsIn(item).fault;
}

/** The headers that mirror the arguments of a call of this tool. Absent and null arguments have none. */
export function mirrorsOf(item: JsonObject, args: JsonObject): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const { path, header } of mirrorsIn(item).mirrors) {
    const text = textOfArgument(argumentAt(args, path));
    if (text !== undefined) headers[`Mcp-Param-${header}`] = encodeHeaderValue(text);
  }
  return headers;
}

/**
 * Compares the arguments of a call with the headers received, which are given decoded under their lower-case names
 * (`mcp-param-region`). Headers that the tool does not know are nobody's business here and travel on.
 */
export function mirrorsAgree(
  item: JsonObject,
  args: JsonObject,
  received: ReadonlyMap<string, string>,
): Refusal | undefined {
  for (const mirror of mirrorsIn(item).mirrors) {
    const name = mirrorPrefix + mirror.header.toLowerCase();
    if (!agrees(mirror, argumentAt(args, mirror.path), received.get(name))) {
      const reason = `the header \`Mcp-Param-${mirror.header}\` is missing or disagrees with \`arguments.${mirror.path.join('.')}\``;
      return refuse('header_mismatch', reason, { reason });
    }
  }
  return undefined;
}

function agrees(mirror: Mirror, argument: JsonValue | undefined, received: string | undefined): boolean {
  const text = textOfArgument(argument);
  if (text === undefined || received === undefined) return text === received;
  return mirror.type === 'integer' ? isSameInteger(text, received) : text === received;
}

function isSameInteger(one: string, other: string): boolean {
  const [a, b] = [integerOf(one), integerOf(other)];
  return a === undefined || b === undefined ? one === other : a === b;
}

/** `42`, `42.0` and `4.2e1` are the same integer. */
function integerOf(text: string): bigint | undefined {
  if (/^-?\d{1,400}$/.test(text)) return BigInt(text);
  const number = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? BigInt(number) : undefined;
}

function argumentAt(args: JsonObject, path: readonly string[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>(
    (at, name) => (isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined),
    args,
  );
}

/** Numbers that a double cannot hold are objects of `JSON.rawJSON`, which write as they were read. */
function textOfArgument(argument: JsonValue | undefined): string | undefined {
  if (argument === undefined || argument === null) return undefined;
  return typeof argument === 'string' ? argument : JSON.stringify(argument);
}

function mirrorsIn(item: JsonObject): Mirrors {
  const found = known.get(item) ?? readMirrors(objectMember(item, 'inputSchema'));
  known.set(item, found);
  return found;
}

function readMirrors(schema: JsonObject | undefined): Mirrors {
  if (schema === undefined) return none;
  const mirrors: Mirror[] = [];
  const fault = visit(schema, { path: [], reachable: true }, mirrors) ?? repeated(mirrors);
  return fault === undefined ? { mirrors, fault } : { mirrors: [], fault };
}

interface Position {
  readonly path: readonly string[];
  /** Only `properties` keywords lead here. */
  readonly reachable: boolean;
}

function visit(schema: JsonObject, at: Position, found: Mirror[]): string | undefined {
  const own = schema[annotation] === undefined ? undefined : readAnnotation(schema, at, found);
  if (own !== undefined) return own;
  for (const [keyword, value] of Object.entries(schema)) {
    if (value === undefined || values.has(keyword)) continue;
    const fault =
      keyword === 'properties' ? visitProperties(value, at, found) : visitBeside(keyword, value, at, found);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function visitProperties(value: JsonValue, at: Position, found: Mirror[]): string | undefined {
  if (!isJsonObject(value)) return undefined;
  for (const [name, schema] of Object.entries(value)) {
    const fault = isJsonObject(schema)
      ? visit(schema, { ...at, path: [...at.path, name] }, found)
      : undefined;
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function visitBeside(keyword: string, value: JsonValue, at: Position, found: Mirror[]): string | undefined {
  const inside = { path: [...at.path, `<${keyword}>`], reachable: false };
  const schemas = schemaMaps.has(keyword) && isJsonObject(value) ? Object.values(value) : [value].flat();
  for (const schema of schemas) {
    const fault = isJsonObject(schema) ? visit(schema, inside, found) : undefined;
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function readAnnotation(
  schema: JsonObject,
  { path, reachable }: Position,
  found: Mirror[],
): string | undefined {
  const where = `\`${annotation}\` at \`${path.join('.')}\``;
  const header = schema[annotation];
  if (!reachable || path.length === 0) return `${where} is not reached by \`properties\` alone`;
  if (typeof header !== 'string' || !token.test(header)) return `${where} is not a header name token`;
  const type = schema['type'];
  if (!isMirroredType(type)) return `${where} is not on a string, integer or boolean`;
  found.push({ path, header, type });
  return undefined;
}

function isMirroredType(type: JsonValue | undefined): type is MirroredType {
  return type === 'string' || type === 'integer' || type === 'boolean';
}

function repeated(mirrors: readonly Mirror[]): string | undefined {
  const names = mirrors.map(({ header }) => header.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? undefined : `the \`${annotation}\` name \`${twice}\` stands twice`;
}
