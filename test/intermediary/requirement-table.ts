import { readFileSync, writeFileSync } from 'node:fs';
import { citations } from './citations.ts';
import { requirements } from './requirements.ts';

/** The page that explains the suite. */
export const page: URL = new URL('../../docs/intermediary-suite.md', import.meta.url);

const [begin, end] = ['<!-- requirements: generated -->', '<!-- end of requirements -->'];

/** The page with the table of requirements that the suite has now. Throws when the page has no place for it. */
export function withTable(text: string): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page needs the lines \`${begin}\` and \`${end}\``);
  return `${text.slice(0, from + begin.length)}\n\n${tables()}\n\n${text.slice(to)}`;
}

function tables(): string {
  const covered = requirements.filter((one) => one.covered);
  const others = requirements.filter((one) => !one.covered);
  return [
    `${covered.length} requirements are covered.`,
    table(
      ['Id', 'Promise', 'From', 'Tests'],
      covered.map(({ id, behaviour, source }) => [id, behaviour, source, filesOf(id)]),
    ),
    `${others.length} are known and not covered yet.`,
    table(
      ['Id', 'Promise', 'From', 'Why not yet'],
      others.map(({ id, behaviour, source, reason = '' }) => [id, behaviour, source, reason]),
    ),
  ].join('\n\n');
}

function filesOf(id: string): string {
  const files = citations().filter(({ ids }) => ids.includes(id));
  return files.map(({ file }) => `\`${file.replace('.test.ts', '')}\``).join(', ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

if (import.meta.main) writeFileSync(page, withTable(readFileSync(page, 'utf8')));
