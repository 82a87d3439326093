import { code, numberEnd, skipSpace, startsNumber, stringEnd, stringText } from './tokens.ts';

/** Where a path leads in a text: to a member, or to the object that lacks it. */
export type Located = LocatedMember | MissingMember;

/** Offsets of a member: its name, its value, and the comma that goes with it when it is removed. */
export interface LocatedMember {
  readonly kind: 'member';
  readonly nameStart: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  /** Offset of the comma before the member, if it is not the first. */
  readonly commaBefore: number | undefined;
  /** Offset after the comma behind the member, if there is one. */
  readonly commaAfter: number | undefined;
}

/** The deepest object on the path that exists, and what is missing in it. */
export interface MissingMember {
  readonly kind: 'missing';
  /** Index in the path of the first member that is missing. */
  readonly depth: number;
  /** Where to insert: after the opening brace; or the start of the value that is not an object. */
  readonly at: number;
  readonly empty: boolean;
  /** End of a value that stands where an object is needed. */
  readonly replaceEnd: number | undefined;
}

/** Finds a path in a well-formed JSON text whose root is an object. */
export function locate(text: string, path: readonly string[]): Located {
  return locateIn(text, skipSpace(text, 0), path, 0);
}

function locateIn(text: string, open: number, path: readonly string[], depth: number): Located {
  const found = findMember(text, open, path[depth] as string);
  if (found === undefined) {
    const first = skipSpace(text, open + 1);
    const empty = text.charCodeAt(first) === code.closeBrace;
    return { kind: 'missing', depth, at: open + 1, empty, replaceEnd: undefined };
  }
  if (depth === path.length - 1) return found;
  if (text.charCodeAt(found.valueStart) === code.openBrace)
    return locateIn(text, found.valueStart, path, depth + 1);
  return { kind: 'missing', depth: depth + 1, at: found.valueStart, empty: true, replaceEnd: found.valueEnd };
}

function findMember(text: string, open: number, name: string): LocatedMember | undefined {
  let commaBefore: number | undefined;
  let at = skipSpace(text, open + 1);
  while (text.charCodeAt(at) === code.quote) {
    const member = readMember(text, at, commaBefore);
    if (stringText(text, at, stringEnd(text, at)) === name) return member;
    if (member.commaAfter === undefined) return undefined;
    commaBefore = member.commaAfter - 1;
    at = skipSpace(text, member.commaAfter);
  }
  return undefined;
}

function readMember(text: string, nameStart: number, commaBefore: number | undefined): LocatedMember {
  const colon = skipSpace(text, stringEnd(text, nameStart));
  const valueStart = skipSpace(text, colon + 1);
  const valueEnd = endOfValue(text, valueStart);
  const next = skipSpace(text, valueEnd);
  const commaAfter = text.charCodeAt(next) === code.comma ? next + 1 : undefined;
  return { kind: 'member', nameStart, valueStart, valueEnd, commaBefore, commaAfter };
}

function endOfValue(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === code.quote) return stringEnd(text, start);
  if (first === code.openBrace || first === code.openBracket) return endOfNested(text, start);
  return startsNumber(text.charCodeAt(start)) ? numberEnd(text, start) : endOfWord(text, start);
}

function endOfNested(text: string, start: number): number {
  let depth = 0;
  let at = start;
  do {
    const here = text.charCodeAt(at);
    if (here === code.openBrace || here === code.openBracket) depth++;
    if (here === code.closeBrace || here === code.closeBracket) depth--;
    at = here === code.quote ? stringEnd(text, at) : at + 1;
  } while (depth > 0);
  return at;
}

/** `true`, `false` or `null`. */
function endOfWord(text: string, start: number): number {
  let at = start;
  while (text.charCodeAt(at) >= 0x61 && text.charCodeAt(at) <= 0x7a) at++;
  return at;
}
