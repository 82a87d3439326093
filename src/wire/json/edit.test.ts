import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonDocument, JsonObject, JsonValue } from '../../model/json.ts';
import { editDocument } from './edit.ts';
import { isFault, readDocument } from './read.ts';

function read(text: string): JsonDocument {
  const document = readDocument(new TextEncoder().encode(text));
  assert.ok(!isFault(document));
  return document;
}

function edited(text: string, path: string[], value?: JsonValue): string {
  return new TextDecoder().decode(editDocument(read(text), [{ path, value }]).bytes);
}

test('replaces a value and leaves every other byte', () => {
  const text = '{ "id" : 7, "params":{"name":"a__b", "n":12345678901234567890, "é":"\\u0041"} } ';
  assert.equal(edited(text, ['params', 'name'], 'b'), text.replace('a__b', 'b'));
});

test('removes the first, the middle, the last and the only member', () => {
  assert.equal(edited('{"a":1, "b":2,"c":3}', ['a']), '{ "b":2,"c":3}');
  assert.equal(edited('{"a":1, "b":2,"c":3}', ['b']), '{"a":1,"c":3}');
  assert.equal(edited('{"a":1, "b":2,"c":3}', ['c']), '{"a":1, "b":2}');
  assert.equal(edited('{"a":{"x":[{}]}}', ['a']), '{}');
});

test('adds a member, and the parents it needs', () => {
  assert.equal(edited('{"a":1}', ['b', 'c'], true), '{"b":{"c":true},"a":1}');
  assert.equal(edited('{ }', ['a'], 1), '{"a":1 }');
  assert.equal(edited('{"a":"text"}', ['a', 'b'], 1), '{"a":{"b":1}}');
});

test('gives the same document back when there is nothing to change', () => {
  const document = read('{"a":1}');
  assert.equal(editDocument(document, []), document);
  assert.equal(edited('{"a":1}', ['b', 'c']), '{"a":1}');
});

test('text and value stay the same thing after any edits', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd"', '\\', 'é', '__proto__');
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.string(),
      fc.integer(),
      fc.constant(null),
      fc.array(tie('value')),
      fc.dictionary(name, tie('value')),
    ),
  })).value as fc.Arbitrary<JsonValue>;
  const edit = fc.record({
    path: fc.array(name, { minLength: 1, maxLength: 3 }),
    value: fc.option(value, { nil: undefined }),
  });
  fc.assert(
    fc.property(
      fc.dictionary(name, value),
      fc.array(edit, { maxLength: 4 }),
      fc.constantFrom(0, 1),
      (object, edits, indent) => {
        const result = editDocument(read(JSON.stringify(object, null, indent)), edits);
        const again = readDocument(result.bytes);
        assert.ok(!isFault(again));
        assert.deepEqual(sorted(again.value), sorted(result.value));
      },
    ),
  );
});

function sorted(value: JsonObject): unknown {
  return JSON.parse(
    JSON.stringify(value, (_name, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ),
  );
}
