import { Buffer, isUtf8 } from 'node:buffer';
import { isJsonObject, type JsonDocument, type JsonObject, type JsonValue } from '../../model/json.ts';
import type { JsonFault } from './fault.ts';
import { inspectMembers } from './members.ts';
import { decode } from './text.ts';

/** Limits of the strict reader. */
export interface JsonLimits {
  /** Deepest nesting of objects and arrays. */
  readonly depth: number;
}

const defaults: JsonLimits = { depth: 64 };

/**
 * Reads one JSON text strictly: UTF-8 without byte-order mark, one object, no duplicate member in any object, no U+0000
 * in member names, no disguised protocol member, bounded depth. Numbers that a double cannot hold become
 * `JSON.rawJSON` values, so that writing the value back loses nothing.
 */
export function readDocument(bytes: Uint8Array, limits: JsonLimits = defaults): JsonDocument | JsonFault {
  if (!isUtf8(bytes)) return { fault: 'encoding', detail: 'the body is not valid UTF-8' };
  const text = decode(bytes);
  const value = parse(text);
  if (value === undefined) return { fault: 'syntax', detail: 'the body is not JSON' };
  const members = inspectMembers(text, limits.depth);
  if (members.fault !== undefined) return members.fault;
  const exact = members.inexactNumbers ? exactJson.parse(text, keepExact) : value;
  if (Array.isArray(exact)) return { fault: 'batch', detail: 'the body is a JSON array' };
  if (!isJsonObject(exact)) return { fault: 'not-object', detail: 'the body is not a JSON object' };
  return { bytes, value: exact };
}

/** Whether the reader refused. */
export function isFault(read: JsonDocument | JsonFault): read is JsonFault {
  return 'fault' in read;
}

/** The document that writes a value; for messages that the gateway itself makes. */
export function documentOf(value: JsonObject): JsonDocument {
  return { bytes: Buffer.from(JSON.stringify(value)), value };
}

function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/** `JSON.parse` with source text access and `JSON.rawJSON` (ECMAScript proposal at stage 4), which the types lack yet. */
interface ExactJson {
  readonly parse: (text: string, reviver: ExactReviver) => JsonValue;
  readonly rawJSON: (text: string) => JsonValue;
}
type ExactReviver = (member: string, value: JsonValue, context: { readonly source?: string }) => JsonValue;

const exactJson: ExactJson = JSON as unknown as ExactJson;

function keepExact(_member: string, value: JsonValue, { source }: { readonly source?: string }): JsonValue {
  if (typeof value !== 'number' || source === undefined) return value;
  return isExact(value, source) ? value : exactJson.rawJSON(source);
}

function isExact(value: number, source: string): boolean {
  return Number.isSafeInteger(value) || String(value) === source;
}
