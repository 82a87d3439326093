import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { sealContract } from '../testing/seal.ts';
import { createSeal } from './seal.ts';

const key = randomBytes(32);
sealContract('AES-256-GCM', (now) => createSeal(key, { now }));

const at = (now: number) => createSeal(key, { now: () => now });
const text = fc.string({ unit: 'grapheme', maxLength: 200 });

test('opens what it wrapped, for the same binding, until it expires', () => {
  fc.assert(
    fc.property(text, text, fc.integer({ min: 1, max: 2 ** 45 }), (content, binding, expiresAt) => {
      const sealed = at(0).wrap(content, binding, expiresAt);
      assert.match(sealed, /^[A-Za-z0-9_-]+$/);
      assert.equal(at(expiresAt - 1).unwrap(sealed, binding), content);
      assert.equal(at(expiresAt).unwrap(sealed, binding), undefined);
    }),
  );
});

test('does not open for another binding', () => {
  fc.assert(
    fc.property(text, text, text, (content, binding, other) => {
      fc.pre(binding !== other);
      assert.equal(at(0).unwrap(at(0).wrap(content, binding, 1), other), undefined);
    }),
  );
});

test('does not open when any one character was changed, cut or added', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ \n';
  fc.assert(
    fc.property(text, fc.nat(), fc.constantFrom(...alphabet), (content, where, char) => {
      const sealed = at(0).wrap(content, 'b', 1);
      const i = where % sealed.length;
      const changed = sealed.slice(0, i) + char + sealed.slice(i + 1);
      fc.pre(changed !== sealed);
      assert.equal(at(0).unwrap(changed, 'b'), undefined);
      assert.equal(at(0).unwrap(sealed.slice(0, i), 'b'), undefined);
      assert.equal(at(0).unwrap(sealed + char, 'b'), undefined);
    }),
  );
});

test('does not open what is anything at all, nor what another key wrapped', () => {
  const foreign = createSeal(randomBytes(32), { now: () => 0 });
  assert.equal(at(0).unwrap(foreign.wrap('x', 'b', 1), 'b'), undefined);
  fc.assert(fc.property(fc.string(), (anything) => assert.equal(at(0).unwrap(anything, 'b'), undefined)));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const guess = Buffer.concat([Buffer.of(1), bytes]).toString('base64url');
      assert.equal(at(0).unwrap(guess, 'b'), undefined);
    }),
  );
});

test('an expiry that is no number counts as expired', () => {
  assert.equal(at(0).unwrap(at(0).wrap('x', 'b', Number.NaN), 'b'), undefined);
});

test('two wraps of the same text differ', () => {
  assert.notEqual(at(0).wrap('x', 'b', 1), at(0).wrap('x', 'b', 1));
});

test('a key of another length is refused', () => {
  assert.throws(() => createSeal(randomBytes(16), { now: () => 0 }), /has 16 bytes; it needs 32/);
});
