import { isJsonObject } from '../model/json.ts';
import { type JsonSchema, settingsJsonSchema } from './json-schema.ts';

/** One setting, as the reference page and `--help` show it. */
interface SettingRow {
  /** `servers.<name>.url`, `identity.issuers[].issuer`. */
  readonly path: string;
  readonly type: string;
  readonly default: string;
  readonly description: string;
}

/** A top-level member of `bartizan.yaml` and all that it holds. */
export interface SettingGroup {
  readonly name: string;
  readonly description: string;
  readonly rows: readonly SettingRow[];
}

/** Every setting, taken from the schema. */
export function settingGroups(): readonly SettingGroup[] {
  return Object.entries(settingsJsonSchema().properties ?? {}).flatMap(([name, schema]) =>
    typeof schema === 'boolean'
      ? []
      : [{ name, description: schema.description ?? '', rows: rowsOf(name, schema) }],
  );
}

function rowsOf(path: string, schema: JsonSchema): readonly SettingRow[] {
  const below = childrenOf(path, schema).flatMap(([name, child]) => rowsOf(name, child));
  if (schema.properties !== undefined) return below;
  const own = {
    path,
    type: typeOf(schema),
    default: defaultOf(schema),
    description: schema.description ?? '',
  };
  return [own, ...below];
}

function childrenOf(path: string, schema: JsonSchema): readonly (readonly [string, JsonSchema])[] {
  const members = Object.entries(schema.properties ?? {}).map(
    ([name, child]) => [`${path}.${name}`, child] as const,
  );
  const more = [
    [`${path}.<name>`, schema.additionalProperties],
    [`${path}[]`, schema.items],
  ] as const;
  return [...members, ...more].flatMap(([name, child]) =>
    isJsonObject(child) && (members.some(([member]) => member === name) || 'properties' in child)
      ? [[name, child as JsonSchema] as const]
      : [],
  );
}

function typeOf(schema: JsonSchema): string {
  const words = enumOf(schema);
  if (words !== undefined) return words.map((word) => `\`${String(word)}\``).join(', ');
  if (schema['const'] !== undefined) return `\`${String(schema['const'])}\``;
  const type = typeof schema.type === 'object' ? schema.type[0] : schema.type;
  if (type === 'array')
    return isJsonObject(schema.items) && 'properties' in schema.items ? 'list of groups' : 'list of texts';
  return typeNames[String(type)] ?? 'any';
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  boolean: '`true`, `false`',
  object: 'names and values',
};

function enumOf(schema: JsonSchema): readonly unknown[] | undefined {
  const alternatives = schema['anyOf'];
  if (schema.enum !== undefined || !Array.isArray(alternatives)) return schema.enum;
  const first: unknown = alternatives[0];
  return isJsonObject(first) && Array.isArray(first['enum']) ? first['enum'] : undefined;
}

function defaultOf(schema: JsonSchema): string {
  const value = schema.default;
  if (value === undefined) return '';
  return typeof value === 'string' ? `\`${value}\`` : `\`${JSON.stringify(value)}\``;
}
