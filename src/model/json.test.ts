import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrayMember, isJsonObject, type JsonObject, objectMember, stringMember } from './json.ts';

const value: JsonObject = { text: 'a', list: [1], object: { b: 2 }, nothing: null, number: 0 };

test('an object is neither null nor an array nor a scalar', () => {
  assert.ok(isJsonObject({}));
  for (const other of [null, [], 'x', 0, true, undefined]) assert.equal(isJsonObject(other), false);
});

test('a member is read only as what it is', () => {
  assert.equal(stringMember(value, 'text'), 'a');
  assert.deepEqual(objectMember(value, 'object'), { b: 2 });
  assert.deepEqual(arrayMember(value, 'list'), [1]);
  for (const member of ['list', 'object', 'nothing', 'number', 'absent'])
    assert.equal(stringMember(value, member), undefined);
  for (const member of ['text', 'list', 'nothing', 'absent'])
    assert.equal(objectMember(value, member), undefined);
  for (const member of ['text', 'object', 'nothing', 'absent'])
    assert.equal(arrayMember(value, member), undefined);
});

test('a missing object has no members', () => {
  assert.equal(stringMember(undefined, 'a'), undefined);
  assert.equal(objectMember(undefined, 'a'), undefined);
  assert.equal(arrayMember(undefined, 'a'), undefined);
});
