import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fading } from './fading.ts';

test('a full map refuses the next entry, and takes it when others have expired', () => {
  let time = 0;
  const map = fading<number>(() => time, 3, 'numbers');
  for (const n of [1, 2, 3]) map.set(String(n), n, n * 10_000);
  assert.throws(() => map.set('4', 4, 50_000), /more than 3 numbers are alive/);
  assert.deepEqual([...map.values()], [1, 2, 3]);
  time = 15_000;
  map.set('4', 4, 50_000);
  assert.deepEqual([...map.values()], [2, 3, 4]);
});

test('a full map is not swept for every entry that it refuses', () => {
  let readings = 0;
  const map = fading<number>(() => ++readings / 1_000, 2_000, 'numbers');
  for (let n = 0; n < 2_000; n += 1) map.set(String(n), n, 1_000_000);
  const before = performance.now();
  for (let n = 0; n < 20_000; n += 1) assert.throws(() => map.set(`more ${n}`, n, 1_000_000));
  assert.ok(performance.now() - before < 2_000, 'refusing takes as long as sweeping');
});

test('entries that have expired are dropped while others come, so that the map does not grow', () => {
  let time = 0;
  const map = fading<number>(() => time, 10_000, 'numbers');
  for (let n = 0; n < 100_000; n += 1) {
    time = n;
    map.set(String(n), n, n + 100);
  }
  assert.equal([...map.values()].length, 100);
});
