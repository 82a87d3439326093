import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal, refuse } from '../../model/refusal.ts';
import { keepFresh } from './keep-fresh.ts';

/** A cache on a clock that the test moves, and a source that counts how often it was asked. */
function bench(bound = 10): {
  readonly get: (key: string, maxAge?: number) => Promise<string>;
  readonly forget: (key: string) => void;
  readonly pass: (ms: number) => void;
  readonly asked: string[];
  answer: (key: string) => Promise<{ readonly text: string } | Refusal>;
} {
  let now = 0;
  const asked: string[] = [];
  const cache = keepFresh<{ readonly text: string }>({ clock: { now: () => now }, bound });
  const self = {
    answer: (key: string): Promise<{ readonly text: string } | Refusal> =>
      Promise.resolve({ text: `${key}${asked.length}` }),
    get: async (key: string, maxAge = 100) => {
      const found = await cache.get(
        key,
        () => maxAge,
        () => {
          asked.push(key);
          return self.answer(key);
        },
      );
      return found instanceof Refusal ? found.code : found.value.text;
    },
    forget: cache.forget,
    pass: (ms: number) => {
      now += ms;
    },
    asked,
  };
  return self;
}

test('keeps a value until it is older than the asker takes', async () => {
  const cache = bench();
  assert.equal(await cache.get('a'), 'a1');
  cache.pass(100);
  assert.equal(await cache.get('a'), 'a1');
  cache.pass(1);
  assert.equal(await cache.get('a'), 'a2');
  assert.equal(await cache.get('a', -1), 'a3');
});

test('asks once for many who wait at the same time', async () => {
  const cache = bench();
  assert.deepEqual(await Promise.all(['a', 'a', 'a'].map((key) => cache.get(key))), ['a1', 'a1', 'a1']);
  assert.deepEqual(cache.asked, ['a']);
});

test('keeps no refusal: the next asker asks again', async () => {
  const cache = bench();
  const { answer } = cache;
  cache.answer = () => Promise.resolve(refuse('upstream_failed', 'down'));
  assert.equal(await cache.get('a'), 'upstream_failed');
  cache.answer = answer;
  assert.equal(await cache.get('a'), 'a2');
});

test('does not keep a value that was announced to be old while it travelled', async () => {
  const cache = bench();
  const travel = Promise.withResolvers<{ readonly text: string }>();
  const { answer } = cache;
  cache.answer = () => travel.promise;
  const waiting = cache.get('a');
  cache.forget('a');
  travel.resolve({ text: 'old' });
  assert.equal(await waiting, 'old');
  cache.answer = answer;
  assert.equal(await cache.get('a'), 'a2');
});

test('dates a value by when it was asked for, not by when it came', async () => {
  const cache = bench();
  const { answer } = cache;
  cache.answer = async (key) => {
    cache.pass(101);
    return answer(key);
  };
  await cache.get('a');
  cache.answer = answer;
  assert.equal(await cache.get('a'), 'a2');
});

test('never keeps more keys than its bound, and drops the oldest', async () => {
  const cache = bench(2);
  for (const key of ['a', 'b', 'c']) await cache.get(key);
  assert.deepEqual([await cache.get('c'), await cache.get('b')], ['c3', 'b2']);
  assert.equal(await cache.get('a'), 'a4');
});

test('a source that fails once is asked again', async () => {
  const cache = bench();
  const { answer } = cache;
  cache.answer = () => Promise.reject(new Error('broken'));
  await assert.rejects(cache.get('a'), /broken/);
  cache.answer = answer;
  assert.equal(await cache.get('a'), 'a2');
});
