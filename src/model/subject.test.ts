import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { principalKey } from './subject.ts';

test('two principals share a key only if issuer, subject and agent are all the same', () => {
  const parts = fc.tuple(fc.string(), fc.string(), fc.string());
  const key = ([issuer, subject, id]: [string, string, string]): string =>
    principalKey({ issuer, subject }, { id });
  fc.assert(
    fc.property(parts, parts, (one, other) => {
      assert.equal(
        key(one) === key(other),
        one.every((part, at) => part === other[at]),
      );
    }),
  );
});

test('a quote or comma in a name does not move the border between the parts', () => {
  const one = principalKey({ issuer: 'a","b', subject: 'c' }, { id: 'd' });
  const other = principalKey({ issuer: 'a', subject: 'b","c' }, { id: 'd' });
  assert.notEqual(one, other);
});
