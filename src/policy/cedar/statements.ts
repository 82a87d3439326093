import { longMark } from './read-expression.ts';

/** One token of Cedar text, at an offset in UTF-16 units. */
interface Token {
  readonly text: string;
  readonly offset: number;
}

/** One policy statement of a file that parses. */
export interface Statement {
  readonly text: string;
  readonly offset: number;
  readonly tokens: readonly Token[];
}

const token = /\/\/[^\n]*|\s+|"(?:\\[\s\S]|[^"\\])*"|[A-Za-z_][A-Za-z0-9_]*|[0-9]+|::|[\s\S]/gu;

/** Splits a file into statements: a semicolon outside strings and comments ends one. The text must parse. */
export function splitStatements(text: string): readonly Statement[] {
  const statements: Statement[] = [];
  let tokens: Token[] = [];
  for (const match of text.matchAll(token)) {
    if (isBlank(match[0])) continue;
    tokens.push({ text: match[0], offset: match.index });
    if (match[0] !== ';') continue;
    const offset = tokens[0]?.offset ?? match.index;
    statements.push({ text: text.slice(offset, match.index + 1), offset, tokens });
    tokens = [];
  }
  return statements;
}

/**
 * The statement with every number beyond 2^53 in a form that survives the engine's JSON, which rounds such numbers.
 * Only the evaluator reads this text; the official engine reads the original.
 */
export function markLongs({ text, offset, tokens }: Statement): string {
  let marked = '';
  let from = 0;
  for (const { text: word, offset: at } of tokens) {
    if (!/^[0-9]/.test(word) || Number.isSafeInteger(Number(word))) continue;
    marked += `${text.slice(from, at - offset)}decimal("${longMark}${word}")`;
    from = at - offset + word.length;
  }
  return marked + text.slice(from);
}

function isBlank(text: string): boolean {
  return text.startsWith('//') || text.trim() === '';
}
