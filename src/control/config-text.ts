import { type Document, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Place } from './config-error.ts';
import { blankComments, isJson } from './jsonc.ts';

/** A member name or index for each level, from the root. */
export type Path = readonly (string | number)[];

/** A configuration as a tree, and where each part of it stands. */
export interface ConfigText {
  readonly json: boolean;
  readonly tree: unknown;
  /** Where a value stands; of a part that is missing, where its nearest ancestor stands. */
  readonly placeOf: (path: Path) => Place;
  /** Where the name of a member stands. */
  readonly placeOfName: (path: Path) => Place;
  readonly faults: readonly { readonly place: Place; readonly message: string }[];
}

/** Reads YAML, JSON or JSON with comments. Faults of syntax are listed, never thrown. */
export function readConfigText(file: string, text: string): ConfigText {
  const json = isJson(file, text);
  const lines = new LineCounter();
  const document = parseDocument(json ? blankComments(text) : text, {
    lineCounter: lines,
    prettyErrors: false,
    version: '1.2',
  });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const found = [...document.errors, ...document.warnings].map(({ pos, code, message }) => ({
    place: at(pos[0]),
    message: isBareReference(text, pos[0]) ? quoteReference : (syntaxMessages[code] ?? lowerFirst(message)),
  }));
  const faults = firstOfEachLine(found);
  return {
    json,
    ...readTree(document, faults),
    placeOf: (path) => at(offsetOf(document, path, 'value')),
    placeOfName: (path) => at(offsetOf(document, path, 'name')),
  };
}

const syntaxMessages: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'this name stands here twice; keep one of them',
  TAB_AS_INDENT: 'a tab indents this line; YAML wants blanks',
  BAD_INDENT: 'the indentation or a bracket before this does not fit; compare it with the lines above',
  TAG_RESOLVE_FAILED: 'YAML tags are not understood here; write the plain value',
  UNEXPECTED_TOKEN: 'this does not fit here; a comma, a quote or a bracket may be missing before it',
  BLOCK_IN_FLOW: 'names inside brackets are parted by commas; one may be missing before this',
  BLOCK_AS_IMPLICIT_KEY: 'a second name on one line; put it on a line of its own, or the text in quotes',
  MULTIPLE_DOCS: 'a second YAML document begins here; keep one document in the file',
};

const quoteReference = 'inside { } and [ ] a reference needs quotes: write "${NAME}"';

/** Whether YAML stumbled over the brace of a `${NAME}` that stands without quotes inside brackets. */
function isBareReference(text: string, offset: number): boolean {
  return text.charAt(offset) === '{' && text.charAt(offset - 1) === '$';
}

type Faults = ConfigText['faults'];

/** What follows the first fault of a line is most often its echo. */
function firstOfEachLine(faults: Faults): Faults {
  const sorted = faults.toSorted((a, b) => a.place.column - b.place.column);
  const first = new Map(sorted.toReversed().map((fault) => [fault.place.line, fault]));
  return faults.filter((fault) => first.get(fault.place.line) === fault);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** INVARIANT: a text with faults has no tree, so that nobody acts on half a configuration. */
function readTree(
  document: Document.Parsed,
  faults: ConfigText['faults'],
): Pick<ConfigText, 'tree' | 'faults'> {
  if (faults.length > 0) return { tree: undefined, faults };
  try {
    return { tree: document.toJS({ maxAliasCount: 100 }), faults };
  } catch (error) {
    const message = `an alias of this file cannot be used: ${error instanceof Error ? error.message : ''}`;
    return { tree: undefined, faults: [{ place: { line: 1, column: 1 }, message }] };
  }
}

function offsetOf(document: Document.Parsed, path: Path, part: 'name' | 'value'): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  path.forEach((step, depth) => {
    const found = child(document, node, step);
    const wantsName = part === 'name' && depth === path.length - 1;
    offset = (wantsName ? found?.name : undefined) ?? startOf(found?.value) ?? found?.name ?? offset;
    node = found?.value;
  });
  return offset;
}

function child(
  document: Document.Parsed,
  parent: unknown,
  step: string | number,
): { readonly value: unknown; readonly name: number | undefined } | undefined {
  const node = isAlias(parent) ? parent.resolve(document) : parent;
  if (isSeq(node)) return { value: node.items[Number(step)], name: undefined };
  if (!isMap(node)) return undefined;
  const pair = node.items.find(
    (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step),
  );
  return pair === undefined ? undefined : { value: pair.value, name: startOf(pair.key) };
}

function startOf(node: unknown): number | undefined {
  const range = (node as { readonly range?: readonly number[] | null } | null | undefined)?.range;
  return range?.[0];
}
