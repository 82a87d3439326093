/** One import as written in a source file. */
export type ImportSite = {
  readonly line: number;
  /** The specifier, or `undefined` where it is computed and so cannot be judged. */
  readonly specifier: string | undefined;
};

const LITERAL = [
  /^(?:import|export)\b[^'"`;]*?\bfrom\s*(['"])(?<from>[^'"]+)\1/gm,
  /^import\s*(['"])(?<from>[^'"]+)\1/gm,
  /\bimport\(\s*(['"])(?<from>[^'"]+)\1\s*[,)]/g,
];
const COMPUTED = [
  /\bimport\(\s*(?!['"\s])/g,
  /\bimport\(\s*(['"])[^'"]+\1\s*(?![\s,)])/g,
  /\bcreateRequire\b/g,
];

/**
 * Every import in `source`: static, re-export, type-only and dynamic.
 *
 * It reads text and not a syntax tree, because TypeScript 7 has no stable API to read one with. The formatter
 * makes that safe: a statement starts at the first column, so nothing else looks like one.
 */
export function importsOf(source: string): readonly ImportSite[] {
  const code = blankComments(source);
  const literal = LITERAL.flatMap((pattern) => sites(code, pattern, (match) => match.groups?.['from']));
  const computed = COMPUTED.flatMap((pattern) => sites(code, pattern, () => undefined));
  return [...literal, ...computed].sort((a, b) => a.line - b.line);
}

function sites(
  code: string,
  pattern: RegExp,
  specifier: (match: RegExpExecArray) => string | undefined,
): readonly ImportSite[] {
  return [...code.matchAll(pattern)].map((match) => ({
    line: code.slice(0, match.index).split('\n').length,
    specifier: specifier(match),
  }));
}

/** Blanks comment lines (not comments after code, which could be a string such as a URL) and keeps line numbers. */
function blankComments(source: string): string {
  return source.replace(/^[ \t]*(?:\/\/.*|\/\*[\s\S]*?\*\/)/gm, (comment) => comment.replace(/[^\n]/g, ' '));
}
