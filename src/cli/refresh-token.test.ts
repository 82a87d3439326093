import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { refreshToken } from './refresh-token.ts';

test('a token is replaced at half its life, a failure is said and tried again, and the signal ends it', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const written: string[] = [];
  const warnings: string[] = [];
  const ending = new AbortController();
  let count = 0;
  refreshToken({
    minutes: 10,
    resource: 'http://127.0.0.1:7300',
    issue: (order) => {
      count += 1;
      assert.deepEqual(order, { resource: 'http://127.0.0.1:7300', minutes: 10 });
      return count === 2 ? Promise.reject(new Error('no key')) : Promise.resolve({ value: `token-${count}` });
    },
    write: (token) => Promise.resolve(void written.push(token)),
    warn: (message) => void warnings.push(message),
    signal: ending.signal,
  });
  t.mock.timers.tick(5 * 60_000 - 1);
  assert.equal(count, 0);
  for (const wait of [1, 5 * 60_000, 5 * 60_000]) {
    t.mock.timers.tick(wait);
    await turn();
  }
  assert.deepEqual(written, ['token-1', 'token-3']);
  assert.deepEqual(warnings, ["the owner's token could not be renewed: no key"]);
  ending.abort();
  t.mock.timers.tick(60 * 60_000);
  assert.equal(count, 3);
});
