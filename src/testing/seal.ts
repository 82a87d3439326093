import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Seal } from '../pipeline/ports.ts';

/** Registers the tests that every {@link Seal} must pass. `open` makes one that reads the time from `now`. */
export function sealContract(name: string, open: (now: () => number) => Seal): void {
  test(`${name}: opens what it wrapped, for the same binding, until it expires`, () => {
    let now = 1_000;
    const { wrap, unwrap } = open(() => now);
    for (const text of ['', 'state', '日本\n"\u0000']) {
      now = 1_000;
      const sealed = wrap(text, 'ada', 2_000);
      now = 1_999;
      assert.equal(unwrap(sealed, 'ada'), text);
      now = 2_000;
      assert.equal(unwrap(sealed, 'ada'), undefined);
    }
  });

  test(`${name}: does not open for another binding`, () => {
    const { wrap, unwrap } = open(() => 0);
    for (const other of ['', 'bob', 'ada ', 'Ada'])
      assert.equal(unwrap(wrap('x', 'ada', 1), other), undefined);
  });

  test(`${name}: does not open what was altered, and does not throw`, () => {
    const { wrap, unwrap } = open(() => 0);
    const sealed = wrap('x', 'ada', 1);
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.charAt(at) === 'A' ? 'B' : 'A';
      assert.equal(unwrap(sealed.slice(0, at) + changed + sealed.slice(at + 1), 'ada'), undefined);
      assert.equal(unwrap(sealed.slice(0, at), 'ada'), undefined);
    }
    for (const text of ['', 'x', `${sealed}A`, sealed + sealed, '\u0000', '日本']) {
      assert.equal(unwrap(text, 'ada'), undefined);
    }
  });

  test(`${name}: what is sealed does not show`, () => {
    const { wrap } = open(() => 0);
    const sealed = wrap('a-long-enough-secret', 'ada-and-her-agent', 1);
    const seen = sealed + Buffer.from(sealed, 'base64url').toString('latin1');
    assert.ok(!seen.includes('secret') && !seen.includes('agent'));
  });
}
