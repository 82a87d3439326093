import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstTemplate, matchesTemplate } from './uri-template.ts';

const matching: readonly (readonly [string, string])[] = [
  ['test://template/{id}/data', 'test://template/7/data'],
  ['file:///a', 'file:///a'],
  ['{scheme}:rest', 'x:rest'],
  ['x://{a}{b}', 'x://12'],
  ['x://{+path}', 'x://a/b/c'],
  ['x://{path*}', 'x://a/b'],
  ['x://a{?q}', 'x://a?q=1'],
  ['x://{a}-{b}', 'x://1-2-3'],
  ['x://{id}', 'x://%2F'],
];

const others: readonly (readonly [string, string])[] = [
  ['test://template/{id}/data', 'test://template//data'],
  ['test://template/{id}/data', 'test://template/1/2/data'],
  ['test://template/{id}/data', 'test://template/1/data/'],
  ['test://template/{id}/data', 'xtest://template/1/data'],
  ['x://{id}', 'x://a?b'],
  ['x://{id}', 'x://a#b'],
  ['file:///a', 'file:///ab'],
  ['', 'x'],
];

for (const [template, uri] of matching) {
  test(`\`${template}\` can expand to \`${uri}\``, () => {
    assert.ok(matchesTemplate(template, uri));
  });
}

for (const [template, uri] of others) {
  test(`\`${template}\` cannot expand to \`${uri}\``, () => {
    assert.equal(matchesTemplate(template, uri), false);
  });
}

test('a template of many variables is decided quickly on a long URI that almost fits', () => {
  const started = performance.now();
  assert.equal(matchesTemplate(`x://${'{a}-'.repeat(20)}!`, `x://${'-'.repeat(4000)}`), false);
  assert.ok(performance.now() - started < 250);
});

test('templates and URIs beyond the bounds match nothing', () => {
  assert.equal(matchesTemplate('{a}'.repeat(65), 'a'.repeat(65)), false);
  assert.equal(matchesTemplate('{+a}', 'a'.repeat(4097)), false);
});

test('a list of ten thousand evil templates costs no more than a moment, and matches nothing', () => {
  const templates = Array.from({ length: 10_000 }, (_, n) => `${'{+a}'.repeat(63)}${n}`);
  const started = performance.now();
  assert.equal(
    firstTemplate([...templates, 'x://{+a}'], (one) => one, `x://${'-'.repeat(4000)}`),
    undefined,
  );
  assert.ok(performance.now() - started < 1000);
});

test('the first of many honest templates that can expand to a URI is found', () => {
  const templates = Array.from({ length: 10_000 }, (_, n) => `repo://${n}/{path}/raw`);
  assert.equal(
    firstTemplate(templates, (one) => one, 'repo://9999/a/raw'),
    'repo://9999/{path}/raw',
  );
});
