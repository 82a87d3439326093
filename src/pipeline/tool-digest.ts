import { hash } from 'node:crypto';
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts';

const known = new WeakMap<JsonObject, string>();

/**
 * The digest of a tool's definition, as tasks pin it: `sha-256:` and the base64url SHA-256 of the list entry with its
 * members in the order of their names. `_meta` is left out: it is no part of what a model reads.
 */
export function toolDigest(item: JsonObject): string {
  const before = known.get(item);
  if (before !== undefined) return before;
  const { _meta: _, ...definition } = item;
  const digest = `sha-256:${hash('sha256', JSON.stringify(ordered(definition)), 'base64url')}`;
  known.set(item, digest);
  return digest;
}

function ordered(value: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map((item) => ordered(item) ?? null);
  if (!isJsonObject(value)) return value;
  const object: JsonObject = value;
  return Object.fromEntries(
    Object.keys(object)
      .sort()
      .map((name) => [name, ordered(object[name])]),
  );
}
