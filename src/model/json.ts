/** A JSON value as the project sees it: deeply readonly. Numbers that a double cannot hold are kept by {@link JsonDocument}. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** A JSON object. Absent members are `undefined` when read. */
export interface JsonObject {
  readonly [member: string]: JsonValue | undefined;
}

/**
 * One JSON text that passed the strict reader: valid UTF-8, no duplicate or disguised members, within its limits.
 *
 * INVARIANT: `value` is what `bytes` says. Whatever is decided about `value` holds for the bytes that travel on.
 */
export interface JsonDocument {
  readonly bytes: Uint8Array;
  readonly value: JsonObject;
}

/** Tells whether a value is a JSON object (not null, not an array). */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member of an object if it is an object itself. */
export function objectMember(value: JsonObject | undefined, member: string): JsonObject | undefined {
  const found = value?.[member];
  return isJsonObject(found) ? found : undefined;
}

/** The member of an object if it is a string. */
export function stringMember(value: JsonObject | undefined, member: string): string | undefined {
  const found = value?.[member];
  return typeof found === 'string' ? found : undefined;
}

/** The member of an object if it is an array. */
export function arrayMember(value: JsonObject | undefined, member: string): readonly JsonValue[] | undefined {
  const found = value?.[member];
  return Array.isArray(found) ? (found as readonly JsonValue[]) : undefined;
}

/** The strings of an array, without what else it holds; none for what is no array. */
export function stringsIn(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
