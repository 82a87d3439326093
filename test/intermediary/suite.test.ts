import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { citations, citedIn, gaps } from './citations.ts';
import { page, withTable } from './requirement-table.ts';
import { type Requirement, requirements } from './requirements.ts';
import { verifies } from './verifies.ts';

test('every covered requirement has a test, and every test cites a requirement', () => {
  assert.deepEqual(gaps(requirements, citations()), []);
});

const row: Requirement = { id: 'T1', source: 'own', behaviour: 'is', covered: true };

test('a requirement without a test, a test without a requirement, and a stale exception are told', () => {
  assert.deepEqual(gaps([row], [{ file: 'a.test.ts', ids: ['T1'] }]), []);
  assert.match(gaps([row], [])[0] ?? '', /no test cites it/);
  assert.match(
    gaps([row], [{ file: 'a.test.ts', ids: ['T1', 'T99'] }])[0] ?? '',
    /`T99`, which is no requirement/,
  );
  const exception = { ...row, covered: false, reason: 'later' };
  assert.deepEqual(gaps([exception], []), []);
  assert.match(gaps([exception], [{ file: 'a.test.ts', ids: ['T1'] }])[0] ?? '', /let it count as covered/);
  assert.match(gaps([{ ...row, covered: false }], [])[0] ?? '', /no reason is given/);
  assert.match(gaps([row, row], [{ file: 'a.test.ts', ids: ['T1'] }])[0] ?? '', /stands twice/);
});

test('citations are found in every form that the tests use', () => {
  const text = "verifies('T1', 'x'); verifies(['T2', 'D3'], 'y'); const ids = a ? ['T2', 'X4'] : 'T11';";
  assert.deepEqual(citedIn(text), ['T1', 'T2', 'D3', 'X4', 'T11']);
});

test('a test that cites an unknown id does not even register', () => {
  assert.throws(() => verifies('T99', 'nothing', () => undefined), /`T99` is not in requirements\.ts/);
});

test('the page shows the requirements as they are', () => {
  const text = readFileSync(page, 'utf8');
  assert.equal(text, withTable(text), 'run `node test/intermediary/requirement-table.ts` and commit');
  assert.notEqual(withTable(text.replace('| T1 |', '| T0 |')), text.replace('| T1 |', '| T0 |'));
});
