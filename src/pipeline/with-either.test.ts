import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { withEither } from './with-either.ts';

test('the signal aborts with the first of the two, and with its reason', async () => {
  for (const first of [0, 1]) {
    const both = [new AbortController(), new AbortController()] as const;
    await withEither(both[0].signal, both[1].signal, (either) => {
      assert.equal(either.aborted, false);
      both[first]?.abort('over');
      assert.deepEqual([either.aborted, either.reason], [true, 'over']);
      both[1 - first]?.abort('later');
      assert.equal(either.reason, 'over');
    });
  }
});

test('a signal that has aborted before is told at once', async () => {
  const never = new AbortController().signal;
  const gone = AbortSignal.abort('gone');
  const reason = ({ reason: why }: AbortSignal): unknown => why;
  assert.equal(await withEither(gone, never, reason), 'gone');
  assert.equal(await withEither(never, gone, reason), 'gone');
});

test('nothing hangs on a signal that lives on, however the run ended', async () => {
  const [one, other] = [new AbortController().signal, new AbortController().signal];
  await withEither(one, other, () => Promise.resolve());
  await assert.rejects(
    withEither(one, other, () => Promise.reject(new Error('failed'))),
    /failed/,
  );
  await assert.rejects(
    withEither(one, other, () => {
      throw new Error('failed at once');
    }),
    /failed at once/,
  );
  assert.deepEqual(
    [one, other].map((signal) => getEventListeners(signal, 'abort').length),
    [0, 0],
  );
});
