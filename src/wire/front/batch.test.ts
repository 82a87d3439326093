import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isBatch, readBatch } from './batch.ts';

const read = (text: string, limit = 8): unknown => {
  const batch = readBatch(Buffer.from(text), 16, limit);
  return 'fault' in batch ? batch.fault : batch.map(({ bytes }) => Buffer.from(bytes).toString());
};

test('tells an array from an object by its first character', () => {
  assert.ok(isBatch(Buffer.from(' \n[{}]')));
  assert.ok(!isBatch(Buffer.from(' {"a":[]}')));
  assert.ok(!isBatch(Buffer.from('')));
});

test('keeps the bytes of every message', () => {
  assert.deepEqual(read('[ {"a" : [1,{"b":"],}"}]}, {"n":9007199254740993} ]'), [
    '{"a" : [1,{"b":"],}"}]}',
    '{"n":9007199254740993}',
  ]);
});

test('reads every message as strictly as one that comes alone', () => {
  assert.equal(read('[{"a":1},{"b":1,"b":2}]'), 'duplicate');
  assert.equal(read('[{"Method":"x"}]'), 'disguised');
  assert.equal(read('[1]'), 'not-object');
  assert.equal(read('[[{}]]'), 'batch');
});

test('refuses an empty, an overlong and a broken batch', () => {
  assert.equal(read('[]'), 'batch');
  assert.equal(read('[{},{},{}]', 2), 'size');
  assert.equal(read('[{},]'), 'syntax');
  assert.equal(read('[{}'), 'syntax');
  assert.equal(read('[{}] x'), 'syntax');
});

test('splits what JSON.stringify writes into the same values', () => {
  const members = fc.dictionary(
    fc.string().map((name) => `k${name.replace(/\0/g, '')}`),
    fc.jsonValue({ maxDepth: 3 }),
  );
  fc.assert(
    fc.property(fc.array(members, { minLength: 1, maxLength: 8 }), fc.nat(3), (messages, indent) => {
      const texts = read(JSON.stringify(messages, undefined, indent)) as string[];
      assert.deepEqual(
        texts.map((text) => JSON.parse(text)),
        JSON.parse(JSON.stringify(messages)),
      );
    }),
  );
});
