import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createNonces } from './nonces.ts';

const start = 1_800_000_000_000;
const minute = 60_000;

test('replicas with one key agree about a nonce, and replicas with another do not', () => {
  const key = randomBytes(32);
  const [one, other, foreign] = [createNonces(key), createNonces(key), createNonces(randomBytes(32))];
  const nonce = one.current(start);
  assert.equal(other.current(start), nonce);
  assert.equal(other.accepts(nonce, start), true);
  assert.equal(foreign.accepts(nonce, start), false);
});

test('a nonce counts for five to ten minutes, also where the clock runs up to five minutes behind', () => {
  const nonces = createNonces(randomBytes(32));
  const nonce = nonces.current(start);
  for (const minutes of [0, 5]) assert.equal(nonces.accepts(nonce, start + minutes * minute), true);
  assert.equal(nonces.accepts(nonce, start + 10 * minute), false);
  assert.equal(nonces.accepts(nonce, start - 5 * minute), true);
  assert.equal(nonces.accepts(nonce, start - 10 * minute), false);
});

test('nothing else is a nonce', () => {
  const nonces = createNonces(randomBytes(32));
  const nonce = nonces.current(start);
  for (const text of ['', 'x', nonce.slice(1), `${nonce}=`, nonce.toLowerCase(), 'ü'.repeat(nonce.length)]) {
    assert.equal(nonces.accepts(text, start), false, text);
  }
});

test('a key that is too short makes no nonces', () => {
  assert.throws(() => createNonces(randomBytes(31)), /has 31 bytes; it needs at least 32/);
});
