import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseServerId } from '../model/server-id.ts';
import { slugServerIds } from './server-slugs.ts';

const names = fc.uniqueArray(
  fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('a b', 'a_b', 'A-b', 'a-b', '', '-', '1', 'x'.repeat(60), 'x'.repeat(61)),
  ),
);

test('every name gets a valid id, no two share one, and valid names keep theirs', () => {
  fc.assert(
    fc.property(names, (all) => {
      const ids = slugServerIds(all, new Set());
      assert.equal(ids.size, all.length);
      assert.equal(new Set(ids.values()).size, all.length);
      for (const [name, id] of ids) {
        assert.notEqual(parseServerId(id), undefined);
        if (parseServerId(name) !== undefined) assert.equal(id, name);
      }
    }),
  );
});

test('ids do not depend on the order of the names', () => {
  fc.assert(
    fc.property(names, (all) => {
      const forward = slugServerIds(all, new Set());
      const backward = slugServerIds(all.toReversed(), new Set());
      for (const name of all) assert.equal(forward.get(name), backward.get(name));
    }),
  );
});

test('an id that is taken elsewhere is left to its owner', () => {
  assert.notEqual(slugServerIds(['My Files'], new Set(['my-files'])).get('My Files'), 'my-files');
});
