import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Finding } from './finding.ts';
import { sourcesUnder } from './sources.ts';

/** A directive that opens its comment; prose that only mentions one does not count. */
const DIRECTIVE =
  /(?:\/\/|\/\*)[ \t]*(?:@ts-(?:expect-error|ignore|nocheck)|(?:oxlint|eslint)-disable(?:-next-line|-line)?)(?<rest>.*)/g;

/** Biome demands a reason of its own suppressions; this does the same for the compiler's and oxlint's. */
export function checkReasons(root: string): readonly Finding[] {
  const files = ['src', 'test', 'bench', 'tools'].flatMap((directory) => sourcesUnder(join(root, directory)));
  return files.flatMap((file) => {
    const source = readFileSync(file, 'utf8');
    return [...source.matchAll(DIRECTIVE)]
      .filter((match) => !hasReason(match.groups?.['rest'] ?? ''))
      .map((match) => ({
        file: relative(root, file),
        line: source.slice(0, match.index).split('\n').length,
        rule: 'reason' as const,
        text: 'a suppression needs its reason on the same line, after `--` or `:`',
      }));
  });
}

function hasReason(rest: string): boolean {
  return /(?:--|:)\s*\S+\s+\S+/.test(rest.replace(/\*\/\s*$/, ''));
}
