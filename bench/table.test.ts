import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixed, printTable } from './table.ts';

test('words stand left, numbers right, under their titles', () => {
  const table = printTable<[string, number]>(
    [
      { title: 'variant', text: ([name]) => name, align: 'left' },
      { title: 'us', text: ([, value]) => fixed(value, 1), align: 'right' },
    ],
    [
      ['bare', 41.25],
      ['+identify', 5],
    ],
  );
  assert.deepEqual(table.split('\n'), [
    'variant      us',
    '---------  ----',
    'bare       41.3',
    '+identify   5.0',
  ]);
});

test('what was not measured is a dash, never a zero', () => {
  assert.equal(fixed(null, 2), '-');
  assert.equal(fixed(Number.NaN, 2), '-');
  assert.equal(fixed(0, 2), '0.00');
});
