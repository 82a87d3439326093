import type { JsonObject, JsonValue } from '../model/json.ts';

/** Reads the value at a fixed place of a document; undefined where there is none. */
export type JsonPointer = (document: JsonObject) => JsonValue | undefined;

const shape = /^(?:\/(?:[^~/]|~[01])*)+$/s;

/** Parses a JSON Pointer that names a place below the root (RFC 6901 section 3). */
export function parseJsonPointer(text: string): JsonPointer | undefined {
  if (!shape.test(text)) return undefined;
  const tokens = text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  return (document) => tokens.reduce<JsonValue | undefined>(step, document);
}

const arrayIndex = /^(?:0|[1-9][0-9]*)$/;

/** One reference token (RFC 6901 section 4). */
function step(value: JsonValue | undefined, token: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value))
    return arrayIndex.test(token) ? (value as readonly JsonValue[])[Number(token)] : undefined;
  return Object.hasOwn(value, token) ? (value as JsonObject)[token] : undefined;
}
