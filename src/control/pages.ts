import { denials } from '../model/denial.ts';
import { settingsJsonSchema } from './json-schema.ts';
import { settingGroups } from './setting-table.ts';

/** The published schema as a file. */
export function schemaFile(): string {
  return `${JSON.stringify(settingsJsonSchema(), null, 2)}\n`;
}

/** The reference page of every refusal, made from the denial table. */
export function denialsPage(): string {
  const rows = Object.entries(denials).map(([code, { status, rpcCode, shape, reason, remedy }]) =>
    row([
      `\`${code}\``,
      String(status),
      String(rpcCode),
      shape === 'tool-result' ? 'tool result' : 'error',
      reason,
      remedy,
    ]),
  );
  return [
    '# Denials',
    '',
    '<!-- Generated from src/model/denial.ts by `node src/control/generate.ts`. Do not edit. -->',
    '',
    'Every way the gateway refuses. Each refusal carries its code, a short reason, what to do next and a decision id;',
    'the audit log holds the detail under that id (`bartizan audit tail`).',
    '',
    'Where the shape is "tool result", a `tools/call` is answered with a result that has `isError: true`, so that a',
    'model can read the refusal and go on; every other method gets the JSON-RPC error.',
    '',
    row(['Code', 'HTTP', 'JSON-RPC', 'Shape', 'Reason', 'What to do']),
    row(Array(6).fill('---')),
    ...rows,
    '',
  ].join('\n');
}

/** The tables of `docs/configuration.md`, which stand between its two marks. */
export function settingsTables(): string {
  return settingGroups()
    .flatMap(({ name, description, rows }) => [
      `### \`${name}\``,
      '',
      description,
      '',
      row(['Setting', 'Type', 'Default', 'Meaning']),
      row(Array(4).fill('---')),
      ...rows.map(({ path, type, default: usual, description: meaning }) =>
        row([`\`${path}\``, type, usual, meaning]),
      ),
      '',
    ])
    .join('\n');
}

/** Puts a text between the marks of a page. */
export function fillIn(page: string, text: string): string {
  const begin = page.indexOf(mark.begin);
  const end = page.indexOf(mark.end);
  if (begin < 0 || end < begin) throw new Error(`the page lacks the marks ${mark.begin} and ${mark.end}`);
  return `${page.slice(0, begin)}${mark.begin}\n\n${text}\n${page.slice(end)}`;
}

const mark = {
  begin: '<!-- generated: settings (by `node src/control/generate.ts`) -->',
  end: '<!-- end of generated settings -->',
};

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}
