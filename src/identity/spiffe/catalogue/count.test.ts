import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const here = new URL('./', import.meta.url);
const page = readFileSync(new URL('../../../../docs/spiffe-catalogue.md', here), 'utf8');
const own = readdirSync(here).filter((name) => name.endsWith('.test.ts') && name !== 'count.test.ts');

/** Ids in the names of tests, without the variant behind a slash; JB-5 has two variants that count as cases. */
function idsIn(file: string, group: string): ReadonlySet<string> {
  const text = readFileSync(new URL(file, here), 'utf8');
  const ids = text.match(new RegExp(`(?<=['\`]|and )${group}-\\d+(?=[ /'])`, 'g')) ?? [];
  return new Set(ids);
}

/** One row of the page for each group. */
const rows = [...page.matchAll(/^\| ([A-Z]{2}) \| [^|]+ \| (\d+) \| (\d+) \| `([^`]+)` \|$/gm)].map(
  ([, group = '', cases = '', ported = '', file = '']) => ({ group, cases: +cases, ported: +ported, file }),
);

for (const { group, ported, file } of rows) {
  test(`docs/spiffe-catalogue.md counts the tests of group ${group} right`, () => {
    assert.equal(idsIn(file, group).size, ported, [...idsIn(file, group)].join(' '));
  });
}

test('docs/spiffe-catalogue.md adds its rows up right, and names every file', (t) => {
  const sum = (column: 'cases' | 'ported'): number => rows.reduce((total, row) => total + row[column], 0);
  t.diagnostic(`${sum('ported')} of ${sum('cases')} cases of the public SPIFFE catalogue ported`);
  assert.equal(rows.length, 10);
  assert.ok(
    page.includes(`**${sum('ported')} of ${sum('cases')} cases ported`),
    `${sum('ported')}, ${sum('cases')}`,
  );
  assert.deepEqual([...new Set(rows.map(({ file }) => file))].sort(), own.sort());
});
