import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../model/json.ts';
import type { Listed, Primitive } from '../model/primitive.ts';
import { Refusal, refuse } from '../model/refusal.ts';
import type { PrincipalKey } from '../model/subject.ts';
import type { Inventory, ListChanged, ListedKind, Scope } from '../pipeline/ports.ts';
import { catalogContract } from '../testing/catalog.ts';
import { testPorts, testServer, testSubject } from '../testing/pipeline-ports.ts';
import { createCatalog } from './catalog.ts';

const ada = { subject: testSubject(), capabilities: {} };
const bob = { subject: testSubject({ principal: 'bob' as PrincipalKey }), capabilities: {} };
const any = (): boolean => true;

catalogContract('memory', (inventory) =>
  createCatalog({ inventory, broker: testPorts().broker, clock: { now: () => 0 } }),
);

interface Bench {
  readonly catalog: ReturnType<typeof createCatalog>;
  /** What the upstream was asked for: kind and principal. */
  readonly asked: string[];
  readonly pass: (ms: number) => void;
  readonly changed: ListChanged;
  readonly lists: Partial<Record<ListedKind, readonly JsonObject[]>>;
}

function bench(ttlMs = 0, items?: Inventory['items']): Bench {
  let now = 0;
  const asked: string[] = [];
  const listeners: ListChanged[] = [];
  const lists: Bench['lists'] = {
    tool: [{ name: 'read' }, { name: 'write' }],
    resource: [{ uri: 'file:///a', name: 'a' }],
    template: [{ uriTemplate: 'note:///{id}', name: 'note' }],
  };
  const inventory: Inventory = {
    items: async (server, kind, scope, signal) => {
      asked.push(`${kind} ${scope.principal}`);
      return items?.(server, kind, scope, signal) ?? { items: lists[kind] ?? [], ttlMs };
    },
    describe: async (_, scope: Scope) => {
      asked.push(`describe ${scope.principal}`);
      return { capabilities: { tools: {} } };
    },
    onListChanged: (listener) => void listeners.push(listener),
  };
  const { broker } = testPorts();
  return {
    catalog: createCatalog({ inventory, broker, clock: { now: () => now } }),
    asked,
    pass: (ms) => {
      now += ms;
    },
    changed: (...change) => {
      for (const listener of listeners) listener(...change);
    },
    lists,
  };
}

function tool(name: string): Primitive {
  return { server: testServer, kind: 'tool', name };
}

function resource(name: string): Primitive {
  return { server: testServer, kind: 'resource', name };
}

function names(listed: readonly Listed[] | Refusal): readonly string[] {
  assert.ok(!(listed instanceof Refusal));
  return listed.map(({ primitive }) => primitive.name);
}

test('lists in the order of the upstream', async () => {
  const { catalog } = bench();
  assert.deepEqual(names(await catalog.list(testServer, 'tool', ada)), ['read', 'write']);
});

test('what was listed for one principal is never looked up for another', async () => {
  const { catalog, asked, lists } = bench(60_000);
  await catalog.list(testServer, 'tool', ada);
  lists.tool = [{ name: 'for-bob' }];
  assert.deepEqual(names(await catalog.list(testServer, 'tool', bob)), ['for-bob']);
  assert.deepEqual(names(await catalog.list(testServer, 'tool', ada)), ['read', 'write']);
  assert.equal(await catalog.find(tool('for-bob'), ada, any), undefined);
  assert.deepEqual(new Set(asked), new Set([`tool ${ada.subject.principal}`, 'tool bob']));
});

test('clients of one principal that declare other capabilities have lists of their own', async () => {
  const { catalog, asked } = bench(60_000);
  await catalog.list(testServer, 'tool', ada);
  await catalog.list(testServer, 'tool', { ...ada, capabilities: { extensions: {} } });
  assert.equal(asked.length, 1);
  await catalog.list(testServer, 'tool', { ...ada, capabilities: { sampling: {} } });
  assert.equal(asked.length, 2);
});

test('a list is served for as long as its upstream says, and no longer', async () => {
  const { catalog, asked, pass } = bench(5_000);
  await catalog.list(testServer, 'tool', ada);
  pass(5_000);
  await catalog.list(testServer, 'tool', ada);
  assert.equal(asked.length, 1);
  pass(1);
  await catalog.list(testServer, 'tool', ada);
  assert.equal(asked.length, 2);
});

test('finding a known primitive does not wait for the upstream, for half a minute', async () => {
  const { catalog, asked, pass } = bench();
  await catalog.find(tool('read'), ada, any);
  pass(30_000);
  assert.ok(!(catalog.find(tool('write'), ada, any) instanceof Promise));
  pass(1);
  await catalog.find(tool('write'), ada, any);
  assert.equal(asked.length, 2);
});

test('a primitive that is hidden takes the same way as one that does not exist', async () => {
  const hidden = bench();
  const unknown = bench();
  const reject = (): boolean => false;
  for (const ms of [0, 500, 501, 60_000]) {
    hidden.pass(ms);
    unknown.pass(ms);
    const one = hidden.catalog.find(tool('read'), ada, reject);
    const other = unknown.catalog.find(tool('no-such-tool'), ada, reject);
    assert.equal(one instanceof Promise, other instanceof Promise, `after ${ms} ms`);
    assert.deepEqual([await one, await other], [undefined, undefined]);
    assert.deepEqual(hidden.asked, unknown.asked, `after ${ms} ms`);
  }
});

test('a hidden resource takes the same way as an unknown one, templates included', async () => {
  const hidden = bench();
  const unknown = bench();
  const reject = (): boolean => false;
  for (const ms of [0, 1_001]) {
    hidden.pass(ms);
    unknown.pass(ms);
    await hidden.catalog.find(resource('file:///a'), ada, reject);
    await unknown.catalog.find(resource('file:///none'), ada, reject);
    assert.deepEqual(hidden.asked, unknown.asked);
  }
});

test('a miss asks again for what is new, but not more than ten times a second', async () => {
  const { catalog, asked, pass, lists } = bench();
  assert.equal(await catalog.find(tool('new'), ada, any), undefined);
  const before = asked.length;
  lists.tool = [{ name: 'new' }];
  pass(100);
  assert.equal(await catalog.find(tool('new'), ada, any), undefined);
  assert.equal(asked.length, before);
  pass(1);
  assert.equal(names([(await catalog.find(tool('new'), ada, any)) as Listed])[0], 'new');
});

test('a resource is found by its URI, or else by the template that fits', async () => {
  const { catalog } = bench();
  const byUri = (await catalog.find(resource('file:///a'), ada, any)) as Listed;
  assert.equal(byUri.item['name'], 'a');
  const byTemplate = (await catalog.find(resource('note:///7'), ada, any)) as Listed;
  assert.equal(byTemplate.item['name'], 'note');
  assert.equal(await catalog.find(resource('note:///7/8'), ada, any), undefined);
});

test('the question whether an entry may be seen names the resource asked for, not its template', async () => {
  const { catalog } = bench();
  const asked: string[] = [];
  await catalog.find(resource('note:///7'), ada, ({ primitive }) => {
    asked.push(`${primitive.kind} ${primitive.name}`);
    return true;
  });
  assert.deepEqual(asked, ['resource note:///7']);
});

test('a change announced for one principal makes only that list old', async () => {
  const { catalog, asked, changed } = bench(60_000);
  await catalog.list(testServer, 'tool', ada);
  await catalog.list(testServer, 'tool', bob);
  changed(testServer, 'tool', bob.subject.principal);
  await catalog.list(testServer, 'tool', ada);
  await catalog.list(testServer, 'tool', bob);
  assert.deepEqual(asked, [`tool ${ada.subject.principal}`, 'tool bob', 'tool bob']);
});

test('of two entries with one name the first counts, for lists and calls alike', async () => {
  const { catalog, lists } = bench();
  lists.tool = [{ name: 'read', title: 'first' }, { name: 'read', title: 'second' }, { title: 'nameless' }];
  const listed = await catalog.list(testServer, 'tool', ada);
  assert.deepEqual(names(listed), ['read']);
  const found = (await catalog.find(tool('read'), ada, any)) as Listed;
  assert.equal(found.item['title'], 'first');
});

test('a refusal of the upstream is passed on and not kept', async () => {
  let down = true;
  const { catalog } = bench(60_000, async () =>
    down ? refuse('upstream_failed', 'down') : { items: [{ name: 'read' }], ttlMs: 0 },
  );
  assert.ok((await catalog.list(testServer, 'tool', ada)) instanceof Refusal);
  assert.ok((await catalog.find(tool('read'), ada, any)) instanceof Refusal);
  down = false;
  assert.deepEqual(names(await catalog.list(testServer, 'tool', ada)), ['read']);
});

test('a principal without a credential reaches no upstream', async () => {
  const catalog = createCatalog({
    inventory: {
      items: async () => assert.fail('asked'),
      describe: async () => assert.fail('asked'),
      onListChanged: () => undefined,
    },
    broker: { credential: () => refuse('upstream_failed', 'none') },
    clock: { now: () => 0 },
  });
  for (const found of [
    await catalog.list(testServer, 'tool', ada),
    await catalog.find(tool('read'), ada, any),
    await catalog.describe(testServer, ada),
  ])
    assert.ok(found instanceof Refusal);
});

test('descriptions are kept for each principal on its own', async () => {
  const { catalog, asked } = bench();
  for (const subject of [ada, bob, ada]) await catalog.describe(testServer, subject);
  assert.deepEqual(asked, [`describe ${ada.subject.principal}`, 'describe bob']);
});
