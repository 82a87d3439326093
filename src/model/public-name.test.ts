import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Endpoint, parsePublicName, parsePublicUri, publicName, publicUri } from './public-name.ts';
import { parseServerId, type ServerId } from './server-id.ts';

const aggregate: Endpoint = { kind: 'aggregate' };
const files = parseServerId('files') as ServerId;
const filesTwo = parseServerId('files-2') as ServerId;
const virtual: Endpoint = { kind: 'server', server: files };

const serverIds = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/).map((text) => parseServerId(text) as ServerId);
const pairs = fc.record({ server: serverIds, name: fc.string({ unit: 'binary' }) });

test("on a virtual server names and URIs are the upstream's own, whatever they hold", () => {
  assert.equal(publicName(virtual, files, 'a__b'), 'a__b');
  assert.equal(publicUri(virtual, files, 'git+ssh://x'), 'git+ssh://x');
  assert.deepEqual(parsePublicName(virtual, 'other__tool'), { server: files, name: 'other__tool' });
  assert.deepEqual(parsePublicUri(virtual, 'other+file:///a'), { server: files, name: 'other+file:///a' });
});

test('on the aggregate endpoint a name is read back as the pair it was made of', () => {
  fc.assert(
    fc.property(pairs, ({ server, name }) => {
      assert.deepEqual(parsePublicName(aggregate, publicName(aggregate, server, name)), { server, name });
      assert.deepEqual(parsePublicUri(aggregate, publicUri(aggregate, server, name)), { server, name });
    }),
  );
});

test('two primitives never share a public name, whatever their servers call them', () => {
  fc.assert(
    fc.property(pairs, pairs, (one, other) => {
      const same = one.server === other.server && one.name === other.name;
      const collide = (name: typeof publicName): boolean =>
        name(aggregate, one.server, one.name) === name(aggregate, other.server, other.name);
      assert.equal(collide(publicName), same);
      assert.equal(collide(publicUri), same);
    }),
  );
  assert.notEqual(publicName(aggregate, files, '2__x'), publicName(aggregate, filesTwo, 'x'));
});

for (const text of ['read', '', '__read', 'Files__read', 'fi les__read', 'fi_les__read', 'files_read']) {
  test(`on the aggregate endpoint \`${text}\` belongs to nobody`, () => {
    assert.equal(parsePublicName(aggregate, text), undefined);
  });
}

for (const text of ['file:///a', '', '+file:///a', 'FILES+file:///a', 'a:b+c']) {
  test(`on the aggregate endpoint the URI \`${text}\` belongs to nobody`, () => {
    assert.equal(parsePublicUri(aggregate, text), undefined);
  });
}
