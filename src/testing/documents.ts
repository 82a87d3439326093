import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Eventual } from '../model/eventual.ts';
import type { JsonObject } from '../model/json.ts';
import type { Clock } from '../pipeline/ports.ts';
import type { Documents } from '../pipeline/store-ports.ts';
import { minute, promisedBy, type Replicas } from './replicas.ts';

/** Opens the documents under test with the clock that they go by. */
export type OpenDocuments = (clock: Pick<Clock, 'now'>) => Eventual<Documents>;

/**
 * Registers the tests that all {@link Documents} must pass. Each test calls `open` twice, and both openings must see the
 * same documents, as two replicas do; with `alone` it is called once. The tests make fresh kinds, so there may be others.
 * The clock begins at the present time and only goes forward.
 */
export function documentsContract(
  name: string,
  open: OpenDocuments,
  { alone = false }: { readonly alone?: boolean } = {},
): void {
  const onReplicas = promisedBy(name, open, alone);
  const promise: Promised = (text, run) =>
    onReplicas(text, (replicas) => run({ ...replicas, kind: `kind ${randomUUID()}` }));
  writing(promise);
  comparing(promise);
  writingAtOnce(promise);
  finding(promise);
  expiring(promise);
}

type Promised = (text: string, run: (shelf: Shelf) => Promise<void>) => void;

interface Shelf extends Replicas<Documents> {
  /** Holds no document. */
  readonly kind: string;
}

/** Text and numbers that are awkward to store. */
const awkward: JsonObject = {
  text: 'two\nlines, "quotes", \0, \u2028, \ud800 and 日本',
  '': { numbers: [0, -1.5, 1e300, Number.MAX_SAFE_INTEGER], not: [null, true, false, {}, []] },
  toString: 'own',
  z: 1,
  a: 2,
};

function writing(promise: Promised): void {
  promise('a document is read by every replica as it was written', async ({ one, other, kind }) => {
    const id = `https://client.example/?a=1&b='"\n日本\0a`;
    assert.equal(await other.get(kind, id), undefined);
    const document = { value: awkward, indexes: { user: 'a "b"\0 日本', 'odd name': '' } };
    assert.equal(await one.put(kind, id, document), 1);
    assert.deepEqual(await other.get(kind, id), { ...document, id, version: 1 });
    const { value } = (await other.get(kind, id)) ?? assert.fail();
    assert.deepEqual(Object.keys(value), Object.keys(awkward));
    assert.equal(await one.get(kind, id.slice(0, -1)), undefined);
    assert.equal(await one.get(kind, `${id.slice(0, -1)}b`), undefined);
  });

  promise(
    'a write replaces all of a document, and its version goes up',
    async ({ one, other, clock, kind }) => {
      const expiresAt = clock.now() + minute;
      await one.put(kind, 'a', { value: { n: 1, old: true }, indexes: { user: 'alice' }, expiresAt });
      assert.equal((await one.get(kind, 'a'))?.expiresAt, expiresAt);
      assert.equal(await other.put(kind, 'a', { value: { n: 2 } }), 2);
      assert.deepEqual(await one.get(kind, 'a'), { id: 'a', version: 2, value: { n: 2 } });
      clock.advance(2 * minute);
      assert.equal((await one.get(kind, 'a'))?.version, 2);
    },
  );

  promise('documents of one id and different kinds are different', async ({ one, kind }) => {
    await one.put(kind, 'a', { value: { n: 1 } });
    await one.put(`${kind} `, 'a', { value: { n: 2 } });
    assert.equal(await one.remove(`${kind} `, 'a'), true);
    assert.deepEqual((await one.get(kind, 'a'))?.value, { n: 1 });
  });

  promise('a removed document is gone for all, and its version begins anew', async ({ one, other, kind }) => {
    await one.put(kind, 'a', { value: {}, indexes: { user: 'alice' } });
    await one.put(kind, 'a', { value: {}, indexes: { user: 'alice' } });
    assert.equal(await other.remove(kind, 'a'), true);
    assert.equal(await one.remove(kind, 'a'), false);
    assert.equal(await one.get(kind, 'a'), undefined);
    assert.deepEqual(await one.find(kind, { limit: 9 }), []);
    assert.deepEqual(await one.find(kind, { index: { name: 'user', value: 'alice' }, limit: 9 }), []);
    assert.equal(await one.put(kind, 'a', { value: {} }), 1);
  });

  promise('a document does not change with the value it was made from or read as', async ({ one, kind }) => {
    const value = { list: [1] };
    await one.put(kind, 'a', { value });
    value.list.push(2);
    const read = (await one.get(kind, 'a')) as unknown as { value: typeof value };
    read.value.list.push(3);
    assert.deepEqual((await one.get(kind, 'a'))?.value, { list: [1] });
  });
}

function comparing(promise: Promised): void {
  promise('a write that expects another version changes nothing', async ({ one, other, kind }) => {
    assert.equal(await one.put(kind, 'a', { value: { n: 0 } }, 1), 'conflict');
    assert.equal(await one.get(kind, 'a'), undefined);
    await one.put(kind, 'a', { value: { n: 1 }, indexes: { user: 'alice' } });
    assert.equal(await other.put(kind, 'a', { value: { n: 2 } }, 2), 'conflict');
    const stands = { id: 'a', version: 1, value: { n: 1 }, indexes: { user: 'alice' } };
    assert.deepEqual(await one.get(kind, 'a'), stands);
    assert.equal(await other.put(kind, 'a', { value: { n: 2 } }, 1), 2);
    assert.equal(await one.put(kind, 'a', { value: { n: 3 } }, 1), 'conflict');
    assert.deepEqual((await one.get(kind, 'a'))?.value, { n: 2 });
  });

  promise('a write that expects none changes nothing where there is one', async ({ one, other, kind }) => {
    assert.equal(await one.put(kind, 'a', { value: { n: 1 } }, 'absent'), 1);
    assert.equal(await other.put(kind, 'a', { value: { n: 2 } }, 'absent'), 'conflict');
    assert.deepEqual(await one.get(kind, 'a'), { id: 'a', version: 1, value: { n: 1 } });
    await one.remove(kind, 'a');
    assert.equal(await other.put(kind, 'a', { value: { n: 3 } }, 'absent'), 1);
  });
}

function writingAtOnce(promise: Promised): void {
  promise('of fifty writes at once that expect none one wins', async ({ one, other, kind }) => {
    const answers = await fifty(async (n) =>
      (n % 2 === 0 ? one : other).put(kind, 'a', { value: { n } }, 'absent'),
    );
    assert.equal(answers.filter((answer) => answer === 1).length, 1);
    assert.equal(answers.filter((answer) => answer === 'conflict').length, 49);
    assert.deepEqual((await one.get(kind, 'a'))?.value, { n: answers.indexOf(1) });
  });

  promise('of fifty writes at once that expect one version one wins', async ({ one, other, kind }) => {
    await one.put(kind, 'a', { value: {}, indexes: { round: '0' } });
    const answers = await fifty(async (n) =>
      (n % 2 === 0 ? one : other).put(kind, 'a', { value: { n }, indexes: { round: '1' } }, 1),
    );
    assert.equal(answers.filter((answer) => answer === 2).length, 1);
    assert.equal(answers.filter((answer) => answer === 'conflict').length, 49);
    const found = await other.find(kind, { index: { name: 'round', value: '1' }, limit: 9 });
    assert.deepEqual(
      found.map(({ value }) => value),
      [{ n: answers.indexOf(2) }],
    );
  });

  promise('of fifty writes at once each has a version of its own', async ({ one, other, kind }) => {
    const answers = await fifty(async (n) => (n % 2 === 0 ? one : other).put(kind, 'a', { value: { n } }));
    assert.deepEqual(new Set(answers), new Set(Array.from({ length: 50 }, (_, n) => n + 1)));
    assert.deepEqual((await one.get(kind, 'a'))?.value, { n: answers.indexOf(50) });
  });

  promise('of fifty removals at once one removes', async ({ one, other, kind }) => {
    await one.put(kind, 'a', { value: {} });
    const answers = await fifty(async (n) => (n % 2 === 0 ? one : other).remove(kind, 'a'));
    assert.equal(answers.filter(Boolean).length, 1);
  });
}

function finding(promise: Promised): void {
  promise('documents are found by an index, oldest first, at most as many as asked', async (shelf) => {
    const { one, other, kind } = shelf;
    for (const [n, id] of ['d', 'b', 'a', 'c'].entries())
      await one.put(kind, id, { value: { n }, indexes: { user: id === 'b' ? 'bob' : 'alice', client: 'x' } });
    await one.put(kind, 'd', { value: { n: 9 }, indexes: { user: 'alice', client: 'x' } });
    assert.deepEqual(await ids(other, kind, 'user', 'alice', 9), ['d', 'a', 'c']);
    assert.deepEqual(await ids(other, kind, 'user', 'alice', 2), ['d', 'a']);
    assert.deepEqual(await ids(other, kind, 'client', 'x', 9), ['d', 'b', 'a', 'c']);
    const [first] = await other.find(kind, { index: { name: 'user', value: 'alice' }, limit: 1 });
    const stands = { id: 'd', version: 2, value: { n: 9 }, indexes: { user: 'alice', client: 'x' } };
    assert.deepEqual(first, stands);
  });

  promise('without an index all of a kind are found, and none of another', async ({ one, other, kind }) => {
    for (const id of ['c', 'a', 'b']) await one.put(kind, id, { value: {} });
    await one.put(`${kind} `, 'd', { value: {} });
    const found = await other.find(kind, { limit: 2 });
    assert.deepEqual(
      found.map(({ id }) => id),
      ['c', 'a'],
    );
    assert.deepEqual(await other.find(kind, { limit: 0 }), []);
  });

  promise('an index is another with another name or in another kind', async ({ one, kind }) => {
    await one.put(kind, 'a', { value: {}, indexes: { user: 'x', 'user","x': 'y' } });
    await one.put(`${kind} `, 'b', { value: {}, indexes: { user: 'x' } });
    assert.deepEqual(await ids(one, kind, 'user', 'x', 9), ['a']);
    assert.deepEqual(await ids(one, kind, 'client', 'x', 9), []);
    assert.deepEqual(await ids(one, kind, 'user', 'X', 9), []);
    assert.deepEqual(await ids(one, kind, 'user', 'y', 9), []);
  });

  promise('a write replaces the indexes', async ({ one, other, kind }) => {
    await one.put(kind, 'a', { value: {}, indexes: { user: 'alice', client: 'x' } });
    await other.put(kind, 'a', { value: {}, indexes: { user: 'bob' } });
    assert.deepEqual(await ids(one, kind, 'user', 'alice', 9), []);
    assert.deepEqual(await ids(one, kind, 'client', 'x', 9), []);
    assert.deepEqual(await ids(one, kind, 'user', 'bob', 9), ['a']);
    await one.put(kind, 'a', { value: {} });
    assert.deepEqual(await ids(one, kind, 'user', 'bob', 9), []);
  });
}

function expiring(promise: Promised): void {
  promise(
    'after it has expired a document is as if it were not there',
    async ({ one, other, clock, kind }) => {
      const document = { value: {}, indexes: { user: 'alice' }, expiresAt: clock.now() + minute };
      await one.put(kind, 'a', document);
      await one.put(kind, 'a', document);
      await one.put(kind, 'b', { value: {}, indexes: { user: 'alice' } });
      clock.advance(minute - 1);
      assert.equal((await other.get(kind, 'a'))?.version, 2);
      clock.advance(2);
      assert.equal(await other.get(kind, 'a'), undefined);
      assert.deepEqual(await ids(other, kind, 'user', 'alice', 9), ['b']);
      assert.equal((await other.find(kind, { limit: 1 }))[0]?.id, 'b');
      assert.equal(await other.remove(kind, 'a'), false);
    },
  );

  promise('what is written where one has expired is new', async ({ one, other, clock, kind }) => {
    for (const id of ['a', 'b', 'c']) await one.put(kind, id, { value: {}, expiresAt: clock.now() + minute });
    await one.put(kind, 'c', { value: {}, expiresAt: clock.now() + minute });
    await one.put(kind, 'd', { value: {} });
    clock.advance(2 * minute);
    assert.equal(await other.put(kind, 'c', { value: {} }, 2), 'conflict');
    assert.equal(await other.put(kind, 'c', { value: {} }, 'absent'), 1);
    assert.equal(await other.put(kind, 'a', { value: {} }), 1);
    const found = await one.find(kind, { limit: 9 });
    assert.deepEqual(
      found.map(({ id }) => id),
      ['d', 'c', 'a'],
    );
  });
}

async function ids(
  documents: Documents,
  kind: string,
  name: string,
  value: string,
  limit: number,
): Promise<readonly string[]> {
  const found = await documents.find(kind, { index: { name, value }, limit });
  return found.map(({ id }) => id);
}

function fifty<T>(run: (n: number) => Promise<T>): Promise<readonly T[]> {
  return Promise.all(Array.from({ length: 50 }, async (_, n) => run(n)));
}
