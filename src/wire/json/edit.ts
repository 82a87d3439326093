import { Buffer } from 'node:buffer';
import { isJsonObject, type JsonDocument, type JsonObject, type JsonValue } from '../../model/json.ts';
import { type Located, locate } from './locate.ts';
import { textOf } from './text.ts';

/** One change to a document: the member at `path` gets `value`; undefined removes it. Missing parents are made. */
export interface Edit {
  readonly path: readonly string[];
  readonly value: JsonValue | undefined;
}

/**
 * The document with some members changed. Every byte outside the changed members stays as it was: white space, member
 * order, big numbers and unknown members survive. Without edits the same document comes back.
 */
export function editDocument(document: JsonDocument, edits: readonly Edit[]): JsonDocument {
  if (edits.length === 0) return document;
  const { text, value } = edits.reduce(applyEdit, { text: textOf(document), value: document.value });
  return { bytes: Buffer.from(text), value };
}

interface Draft {
  readonly text: string;
  readonly value: JsonObject;
}

function applyEdit(draft: Draft, { path, value }: Edit): Draft {
  const found = locate(draft.text, path);
  if (value === undefined && found.kind === 'missing') return draft;
  const text = value === undefined ? remove(draft.text, found) : write(draft.text, found, path, value);
  return { text, value: withMember(draft.value, path, value) };
}

function write(text: string, found: Located, path: readonly string[], value: JsonValue): string {
  if (found.kind === 'member') return splice(text, found.valueStart, found.valueEnd, JSON.stringify(value));
  const inner = path
    .slice(found.depth + 1)
    .reduceRight<JsonValue>((nested, name) => ({ [name]: nested }), value);
  const member = `${JSON.stringify(path[found.depth])}:${JSON.stringify(inner)}`;
  if (found.replaceEnd !== undefined) return splice(text, found.at, found.replaceEnd, `{${member}}`);
  return splice(text, found.at, found.at, found.empty ? member : `${member},`);
}

function remove(text: string, found: Located): string {
  if (found.kind === 'missing') return text;
  const from = found.commaBefore ?? found.nameStart;
  const to = found.commaBefore === undefined ? (found.commaAfter ?? found.valueEnd) : found.valueEnd;
  return splice(text, from, to, '');
}

function splice(text: string, from: number, to: number, replacement: string): string {
  return text.slice(0, from) + replacement + text.slice(to);
}

function withMember(value: JsonObject, path: readonly string[], member: JsonValue | undefined): JsonObject {
  const [name = '', ...rest] = path;
  const below = value[name];
  const next = rest.length === 0 ? member : withMember(isJsonObject(below) ? below : {}, rest, member);
  const { [name]: _old, ...others } = value;
  return next === undefined ? others : { ...value, [name]: next };
}
