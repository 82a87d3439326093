import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLru } from './lru.ts';

test('keeps the entries used last and drops the others', () => {
  const lru = createLru<number>(2);
  lru.set('a', 1);
  lru.set('b', 2);
  assert.equal(lru.get('a'), 1);
  lru.set('c', 3);
  assert.deepEqual([lru.get('a'), lru.get('b'), lru.get('c')], [1, undefined, 3]);
  lru.set('c', 4);
  assert.deepEqual([lru.get('a'), lru.get('c')], [1, 4]);
  lru.delete('a');
  assert.equal(lru.get('a'), undefined);
});
