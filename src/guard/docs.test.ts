import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { detectors } from './catalog.ts';
import { hiddenKinds } from './hidden-text/classes.ts';
import { secretFormats } from './secrets/formats.ts';

const page = readFileSync(new URL('../../docs/guards.md', import.meta.url), 'utf8');
const rows = page.split('\n').filter((line) => line.startsWith('| `'));
const rowsOf = (prefix: string): readonly string[] => rows.filter((row) => row.startsWith(`| \`${prefix}`));

describe('the page on guards', () => {
  it('has a row for every detector, in the order of the catalog', () => {
    const options = rows.filter((row) => !/^\| `[\w-]+\./.test(row)).map((row) => row.split('`')[1]);
    assert.deepEqual(options, Object.keys(detectors));
  });

  it('says what is done about every kind of hidden text', () => {
    const expected = Object.entries(hiddenKinds).map(
      ([kind, { name, cut, inArgument, inDescription }]) =>
        `| \`hidden-text.${kind}\` | ${inArgument} | ${cut ? 'strip' : 'note'} | ${inDescription} | ${name} |`,
    );
    assert.deepEqual(rowsOf('hidden-text.'), expected);
  });

  it('has a row for every format of secret', () => {
    const expected = secretFormats.map(({ kind, name }) => `| \`secret.${kind}\` | ${name} |`);
    assert.deepEqual(rowsOf('secret.').slice(0, -1), expected);
  });
});
