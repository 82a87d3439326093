import type { JsonDocument, JsonObject, JsonValue } from '../model/json.ts';
import type { Span } from './detector.ts';
import { eachStringValue } from './string-tokens.ts';

/** Finds what must go from one string. */
export type FindCuts = (text: string) => readonly Span[];

/**
 * Makes the document without what `find` names in its string values. Every byte that spells something else stays:
 * white space, number spellings, escapes, unknown members and their order. Member names are never edited, because a
 * changed name may be one that the gateway has judged the message by; nor are the strings of the envelope itself
 * (`jsonrpc`, `id`, `method`).
 */
export function cutDocument(document: JsonDocument, find: FindCuts): JsonDocument {
  return { bytes: cutBytes(document.bytes, find), value: cutEnvelope(document.value, find) };
}

function cutEnvelope(value: JsonObject, find: FindCuts): JsonObject {
  const members = Object.entries(value).map(([name, member]) => [
    name,
    typeof member === 'string' ? member : cutValue(member, find),
  ]);
  return Object.fromEntries(members) as JsonObject;
}

/** Shares what did not change, so that numbers kept as `JSON.rawJSON` objects stay the very same objects. */
function cutValue(value: JsonValue | undefined, find: FindCuts): JsonValue | undefined {
  if (typeof value === 'string') return without(value, find(value));
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return cutItems(value as readonly JsonValue[], find);
  const members = Object.entries(value).map(([name, member]) => [name, cutValue(member, find)] as const);
  return members.every(([name, member]) => (value as JsonObject)[name] === member)
    ? value
    : (Object.fromEntries(members) as JsonObject);
}

function cutItems(items: readonly JsonValue[], find: FindCuts): readonly JsonValue[] {
  const cut = items.map((item) => cutValue(item, find) as JsonValue);
  return cut.every((item, index) => item === items[index]) ? items : cut;
}

/** A string without some of its parts. */
export function without(text: string, spans: readonly Span[]): string {
  let kept = '';
  let from = 0;
  for (const span of spans) {
    kept += text.slice(from, span.start);
    from = span.end;
  }
  return from === 0 ? text : kept + text.slice(from);
}

function cutBytes(bytes: Uint8Array, find: FindCuts): Uint8Array {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const pieces: Uint8Array[] = [];
  let from = 0;
  eachStringValue(bytes, (start, end) => {
    const spans = tokenCuts(source, start, end, find);
    if (spans.length === 0) return;
    pieces.push(bytes.subarray(from, start + 1), cutToken(bytes, start + 1, end - 1, spans));
    from = end - 1;
  });
  return Buffer.concat([...pieces, bytes.subarray(from)]);
}

function tokenCuts(source: Buffer, start: number, end: number, find: FindCuts): readonly Span[] {
  return find(JSON.parse(source.toString('utf8', start, end)) as string);
}

/** Copies the inside of a string token, unit by unit, except the units that fall into a span. */
function cutToken(bytes: Uint8Array, start: number, end: number, spans: readonly Span[]): Uint8Array {
  const kept = new Uint8Array(end - start);
  let size = 0;
  let position = 0;
  let next = 0;
  for (let at = start; at < end; ) {
    const length = spellingLength(bytes, at);
    while (next < spans.length && (spans[next]?.end ?? 0) <= position) next += 1;
    const span = spans[next];
    if (span === undefined || position < span.start) {
      kept.set(bytes.subarray(at, at + length), size);
      size += length;
    }
    position += length === 4 ? 2 : 1;
    at += length;
  }
  return kept.subarray(0, size);
}

const backslash = 0x5c;

/**
 * How many bytes spell the next character: an escape, or UTF-8. Four bytes stand for two UTF-16 code units, every
 * other spelling for one.
 */
function spellingLength(bytes: Uint8Array, at: number): 1 | 2 | 3 | 4 | 6 {
  const byte = bytes[at] ?? 0;
  if (byte === backslash) return bytes[at + 1] === 0x75 ? 6 : 2;
  if (byte < 0x80) return 1;
  if (byte < 0xe0) return 2;
  return byte < 0xf0 ? 3 : 4;
}
