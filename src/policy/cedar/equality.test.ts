import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setOf } from './equality.ts';

test('compares large sets in linear time', () => {
  const many = Array.from({ length: 200_000 }, (_, at) => [`a${at}`, at]).flat();
  const left = setOf(many);
  const right = setOf(many.toReversed());
  const start = performance.now();
  assert.ok(left.members.every(right.has) && right.members.every(left.has));
  assert.ok(performance.now() - start < 20_000, 'a scan would take minutes');
});
