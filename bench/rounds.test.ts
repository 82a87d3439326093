import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interleave } from './rounds.ts';

test('every cell is measured once in each round, and the order changes between rounds', async () => {
  const visits: string[] = [];
  const samples = await interleave(['a', 'b', 'c'], 8, async (cell, round) => {
    visits.push(cell);
    return `${cell}${round}`;
  });
  assert.deepEqual(
    samples.get('b'),
    [0, 1, 2, 3, 4, 5, 6, 7].map((round) => `b${round}`),
  );
  const orders = Array.from({ length: 8 }, (_, round) => visits.slice(round * 3, round * 3 + 3).join(''));
  assert.ok(orders.every((order) => [...order].sort().join('') === 'abc'));
  assert.ok(new Set(orders).size > 1);
});

test('a measurement that fails ends the run', async () => {
  const failing = interleave(['a'], 3, () => Promise.reject(new Error('wrong reply')));
  await assert.rejects(failing, /wrong reply/);
});
