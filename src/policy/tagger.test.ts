import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Resource } from '../model/decision.ts';
import type { JsonObject } from '../model/json.ts';
import type { PrimitiveKind } from '../model/primitive.ts';
import type { ServerId } from '../model/server-id.ts';
import { createTagger, type TaggerOptions } from './tagger.ts';

const options: TaggerOptions = {
  servers: { github: { owner: 'it', project: 'none', from: 'server' } },
  tools: {
    'github:create_pr': { resource: '/repo', tags: { from: 'tool', write: 'yes' } },
    'github:whoami': { tags: { from: 'tool' } },
    'github:deep': { resource: '/target/paths/0/a~1b' },
  },
  resources: {
    'github:acme/*': { project: 'acme', from: 'pattern' },
    'github:acme/blue-*': { project: 'blue' },
    'github:acme/blue-app': { tier: '1' },
    '*-archive': { project: 'old' },
    'files:file:///work/secret/*': { secret: 'yes' },
  },
};

function resource(
  name: string,
  args?: JsonObject,
  kind: PrimitiveKind = 'tool',
  server = 'github',
): Resource {
  return createTagger(options).resource({ server: server as ServerId, kind, name }, args);
}

test('takes the tags of the server, then those of the tool, then those of the resource id', () => {
  const { id, tags, open } = resource('create_pr', { repo: 'acme/blue-app' });
  assert.equal(id, 'github:acme/blue-app');
  assert.equal(open, undefined);
  assert.deepEqual(tags, { owner: 'it', project: 'blue', from: 'pattern', write: 'yes', tier: '1' });
  assert.deepEqual(resource('whoami', {}).tags, { owner: 'it', project: 'none', from: 'tool' });
  assert.deepEqual(resource('other', {}).tags, { owner: 'it', project: 'none', from: 'server' });
  assert.deepEqual(resource('other', {}, 'tool', 'slack').tags, {});
});

test('lets the longer pattern win', () => {
  assert.equal(resource('create_pr', { repo: 'acme/red' }).tags['project'], 'acme');
  assert.equal(resource('create_pr', { repo: 'acme/blue-lib' }).tags['project'], 'blue');
  assert.equal(resource('create_pr', { repo: 'else/x-archive' }).tags['project'], 'old');
  assert.equal(resource('create_pr', { repo: 'else/x' }).tags['project'], 'none');
});

test('follows the pointer through objects, arrays and escapes', () => {
  assert.equal(resource('deep', { target: { paths: [{ 'a/b': 42 }] } }).id, 'github:42');
});

test('leaves a resource open that the arguments do not name plainly', () => {
  for (const repo of [
    undefined,
    null,
    '',
    {},
    ['acme/blue-app'],
    1.5,
    true,
    'acme/../blue',
    './acme',
    'acme//blue',
    'a%2fb',
    'a%2E%2e/b',
    'acme/%62lue-app',
    'acme/%252e%252e/blue',
    'x'.repeat(5000),
    'a\\b',
    'a\0b',
    'a\ud800',
  ]) {
    const { open, id } = resource('create_pr', { repo: repo as never });
    assert.equal(open, true, JSON.stringify(repo));
    assert.equal(id, 'github:create_pr');
  }
  assert.equal(resource('create_pr', {}).open, true);
  assert.equal(resource('create_pr', undefined).open, true);
});

test('leaves a template open while a list is asked, and not while a call is decided', () => {
  assert.equal(resource('file:///{path}', undefined, 'template', 'files').open, true);
  assert.equal(resource('file:///{path}', {}, 'template', 'files').open, undefined);
});

test('tags MCP resources by URI, and leaves one open that its server could resolve to another', () => {
  assert.deepEqual(resource('file:///work/secret/a', {}, 'resource', 'files').tags, { secret: 'yes' });
  assert.equal(resource('file:///work/secret/a', {}, 'resource', 'files').open, undefined);
  assert.equal(resource('file:///work/public/../secret/a', {}, 'resource', 'files').open, true);
  assert.equal(resource('file:///work//secret/a', {}, 'resource', 'files').open, true);
});

test('leaves a URI open that is not in its normal form, whether or not resources have tags', () => {
  const tagger = createTagger();
  const openOf = (name: string): true | undefined =>
    tagger.resource({ server: 'files' as ServerId, kind: 'resource', name }, {}).open;
  for (const name of [
    'file:///public/../secret',
    'file:///public/%2e%2E/secret',
    'file:///public/..%2fsecret',
    'file:///public/%252e%252e/secret',
    'file:///public/..\\secret',
    'file:///%73ecret',
    'FILE:///secret',
    'file:///public/./a',
    'file:///a\nb',
    `file:///${'a'.repeat(5000)}`,
  ]) {
    assert.equal(openOf(name), true, JSON.stringify(name));
  }
  for (const name of [
    'file:///public/a',
    'x://a%2Fb',
    'test://a//b',
    'file:///a..b/c.txt',
    'x://%C3%A9?q=1#f',
    'memo',
  ]) {
    assert.equal(openOf(name), undefined, name);
  }
});

test('leaves a name open that differs from a tagged one only by case or by characters of the same look', () => {
  for (const repo of ['ACME/blue-app', 'acme/Blue-App', 'acme/blue-ap\uff50', 'other/x-ARCHIVE']) {
    assert.equal(resource('create_pr', { repo }).open, true, repo);
  }
  assert.equal(resource('file:///Work/Secret/a', {}, 'resource', 'files').open, true);
  // Both spellings tagged: the operator knows of both.
  const tagger = createTagger({
    tools: { 'a:b': { resource: '/r' } },
    resources: { 'a:App': { n: '1' }, 'a:app': { n: '2' } },
  });
  const tagsOf = (r: string): unknown =>
    tagger.resource({ server: 'a' as ServerId, kind: 'tool', name: 'b' }, { r }).tags;
  assert.deepEqual([tagsOf('App'), tagsOf('app')], [{ n: '1' }, { n: '2' }]);
  assert.deepEqual(resource('create_pr', { repo: 'Other/New' }).open, undefined);
});

test('does not take what every object inherits for a tag or an argument', () => {
  assert.deepEqual(resource('toString', {}, 'tool', 'constructor').tags, {});
  const tagger = createTagger({ tools: { 'a:b': { resource: '/constructor/name' } } });
  assert.equal(tagger.resource({ server: 'a' as ServerId, kind: 'tool', name: 'b' }, {}).open, true);
});

test('names the server itself by its id', () => {
  assert.equal(resource('', {}, 'server').id, 'github');
});

test('refuses pointers and patterns that it cannot follow, with the mend', () => {
  assert.throws(
    () => createTagger({ tools: { 'a:b': { resource: 'repo' } } }),
    /`repo` of the tool `a:b` is not a JSON Pointer: write `\/repo`/,
  );
  assert.throws(() => createTagger({ tools: { 'a:b': { resource: '/a~2' } } }), /not a JSON Pointer/);
  assert.throws(() => createTagger({ resources: { 'a:*b*': {} } }), /one `\*`, at its end or its start/);
  assert.throws(() => createTagger({ resources: { 'a:b*c': {} } }), /one `\*`/);
});
