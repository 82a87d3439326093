import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { denials } from '../model/denial.ts';
import { generated } from './generate.ts';

for (const { path, make } of generated)
  test(`${path.split('/').slice(-2).join('/')} says what its table says`, () => {
    const committed = readFileSync(path, 'utf8');
    assert.equal(
      committed,
      make(() => committed),
      'run `node src/control/generate.ts` and commit',
    );
  });

test('the page of denials has a row for every code', () => {
  const page = readFileSync(generated[1]?.path ?? '', 'utf8');
  for (const [code, { remedy }] of Object.entries(denials)) {
    assert.ok(page.includes(`| \`${code}\` |`), code);
    assert.ok(page.includes(remedy.replaceAll('|', '\\|')), code);
  }
});

test('a stale page is told from a fresh one', () => {
  const [schema, page] = generated;
  assert.notEqual(
    schema?.make(() => ''),
    '{}',
  );
  assert.notEqual(
    page?.make(() => ''),
    readFileSync(page?.path ?? '', 'utf8').replace('policy_denied', 'policy_permitted'),
  );
});
