import { isDisguised } from './disguise.ts';
import type { JsonFault } from './fault.ts';
import { NameSet } from './name-set.ts';
import { code, numberEnd, skipSpace, startsNumber, stringEnd, stringText } from './tokens.ts';

/** What one pass over the member names of a JSON text found. */
export interface MemberReport {
  readonly fault: JsonFault | undefined;
  /** Some number is so long, or has an exponent, that a double may not hold it. */
  readonly inexactNumbers: boolean;
}

const longestExactNumber = 15;

/**
 * Walks the tokens of a text that is known to be well-formed JSON, and looks at what `JSON.parse` hides: member names
 * given twice or disguised, depth, and numbers it would round.
 */
export function inspectMembers(text: string, depth: number): MemberReport {
  const walk = new Walk(text, depth);
  walk.run();
  return walk;
}

/** One open object with its member names so far, or one open array. */
type Level = NameSet | undefined;

class Walk implements MemberReport {
  fault: JsonFault | undefined;
  inexactNumbers = false;
  readonly #text: string;
  readonly #depth: number;
  readonly #outer: Level[] = [];
  /** The innermost level; undefined in an array, and outside of everything. */
  #names: Level;
  #topMember = '';

  constructor(text: string, depth: number) {
    this.#text = text;
    this.#depth = depth;
  }

  run(): void {
    const text = this.#text;
    let at = 0;
    while (at < text.length && this.fault === undefined) {
      switch (text.charCodeAt(at)) {
        case code.quote:
          at = this.#string(at);
          break;
        case code.openBrace:
          this.#open(new NameSet());
          at++;
          break;
        case code.openBracket:
          this.#open(undefined);
          at++;
          break;
        case code.closeBrace:
        case code.closeBracket:
          this.#names = this.#outer.pop();
          at++;
          break;
        default:
          at = startsNumber(text.charCodeAt(at)) ? this.#number(at) : at + 1;
      }
    }
  }

  #open(level: Level): void {
    this.#outer.push(this.#names);
    this.#names = level;
    if (this.#outer.length > this.#depth) {
      this.fault = { fault: 'depth', detail: `the body nests deeper than ${this.#depth} levels` };
    }
  }

  #string(at: number): number {
    const end = stringEnd(this.#text, at);
    const names = this.#names;
    if (names === undefined) return end;
    const after = skipSpace(this.#text, end);
    if (this.#text.charCodeAt(after) !== code.colon) return end;
    this.#member(names, stringText(this.#text, at, end));
    return after + 1;
  }

  #member(names: NameSet, name: string): void {
    const level = this.#outer.length;
    if (level === 1) this.#topMember = name;
    if (name.includes('\u0000')) {
      this.fault = { fault: 'nul', detail: 'a member name holds U+0000' };
    } else if (!names.add(name)) {
      this.fault = { fault: 'duplicate', detail: `the member ${JSON.stringify(name)} stands twice` };
    } else if (this.#isProtocolLevel(level) && isDisguised(name)) {
      this.fault = { fault: 'disguised', detail: `the member ${JSON.stringify(name)} imitates another` };
    }
  }

  /** The message itself and its `params` hold protocol members; deeper objects belong to tools. */
  #isProtocolLevel(level: number): boolean {
    return level === 1 || (level === 2 && this.#topMember === 'params');
  }

  #number(at: number): number {
    const end = numberEnd(this.#text, at);
    this.inexactNumbers ||= end - at > longestExactNumber || hasExponent(this.#text, at, end);
    return end;
  }
}

function hasExponent(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    if (text.charCodeAt(at) === code.smallE || text.charCodeAt(at) === code.capitalE) return true;
  }
  return false;
}
