import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootstrapMedian, median, pairedRatio, quantile, seededRandom, shuffled } from './stats.ts';

test('the median of an odd count is the middle value, of an even count the mean of the two', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([1, 2, 10, 20]), 6);
});

test('the median of nothing is not a number, so it can never pass for a measurement', () => {
  assert.ok(Number.isNaN(median([])));
});

test('a quantile sorts by value, not by text', () => {
  assert.equal(quantile([100, 9, 20], 1), 100);
  assert.equal(quantile([0, 10], 0.25), 2.5);
});

test('a quantile leaves its input in order', () => {
  const values = [3, 1, 2];
  quantile(values, 0.5);
  assert.deepEqual(values, [3, 1, 2]);
});

test('the same seed gives the same numbers, another seed gives others', () => {
  const draw = (seed: number): number[] => Array.from({ length: 5 }, seededRandom(seed));
  assert.deepEqual(draw(7), draw(7));
  assert.notDeepEqual(draw(7), draw(8));
  assert.ok(draw(7).every((value) => value >= 0 && value < 1));
});

test('a shuffle keeps every item and visits other orders', () => {
  const random = seededRandom(1);
  const orders = Array.from({ length: 50 }, () => shuffled(['a', 'b', 'c'], random).join(''));
  assert.ok(orders.every((order) => [...order].sort().join('') === 'abc'));
  assert.equal(new Set(orders).size, 6);
});

test('the interval holds the median and repeats exactly', () => {
  const values = [1.6, 1.7, 1.5, 1.9, 1.65, 1.55, 1.72];
  const [low, high] = bootstrapMedian(values);
  assert.ok(low <= median(values) && median(values) <= high);
  assert.ok(low >= 1.5 && high <= 1.9 && low < high);
  assert.deepEqual(bootstrapMedian(values), [low, high]);
});

test('the interval covers the true median in about 95 of 100 experiments', () => {
  const random = seededRandom(42);
  let covered = 0;
  for (let experiment = 0; experiment < 200; experiment++) {
    const values = Array.from({ length: 25 }, () => random() + random());
    const [low, high] = bootstrapMedian(values, experiment, 400);
    if (low <= 1 && 1 <= high) covered++;
  }
  assert.ok(covered >= 180 && covered <= 199, `covered ${covered} of 200`);
});

test('pairing by round cancels a machine that slows down during the run', () => {
  const reference = [10, 20, 40, 80];
  const ratio = pairedRatio([15, 30, 60, 120], reference);
  assert.equal(ratio.median, 1.5);
  assert.deepEqual(ratio.interval, [1.5, 1.5]);
});

test('rounds that do not pair are refused', () => {
  assert.throws(() => pairedRatio([1, 2], [1]), /rounds do not pair/);
});
