import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, allOf } from './eventual.ts';

const twice = (n: number): number => 2 * n;

test('what is there is gone on with at once, what comes later when it comes', async () => {
  assert.equal(after(2, twice), 4);
  const later = after(Promise.resolve(2), twice);
  assert.ok(later instanceof Promise);
  assert.equal(await later, 4);
  await assert.rejects(async () => after(Promise.reject(new Error('gone')), twice), /gone/);
});

test('all values keep their order, whichever come later', async () => {
  assert.deepEqual(allOf([1, 2]), [1, 2]);
  const mixed = allOf([1, Promise.resolve(2), 3]);
  assert.ok(mixed instanceof Promise);
  assert.deepEqual(await mixed, [1, 2, 3]);
});
