import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeHeaderValue, encodeHeaderValue } from './header-value.ts';

const wrapped = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`;

const encodings: readonly (readonly [name: string, text: string, value: string])[] = [
  ['plain text', 'us-west-1', 'us-west-1'],
  ['text with inner spaces', 'us west 1', 'us west 1'],
  ['a tab inside', 'a\tb', 'a\tb'],
  ['leading space', ' us-west1', wrapped(' us-west1')],
  ['trailing space', 'us-west1 ', wrapped('us-west1 ')],
  ['a tab at the edge', '\tindented', wrapped('\tindented')],
  ['nothing', '', '=?base64??='],
  ['non-ASCII', 'Hello, 世界', '=?base64?SGVsbG8sIOS4lueVjA==?='],
  ['a line feed', 'line1\nline2', '=?base64?bGluZTEKbGluZTI=?='],
  ['a carriage return', 'line1\r\nline2', wrapped('line1\r\nline2')],
  ['what looks wrapped', '=?base64?literal?=', wrapped('=?base64?literal?=')],
  ['the prefix alone', '=?base64?abc', '=?base64?abc'],
  ['the suffix alone', 'abc?=', 'abc?='],
];

for (const [name, text, value] of encodings) {
  test(`encodes ${name}, and reads it back`, () => {
    assert.equal(encodeHeaderValue(text), value);
    assert.equal(decodeHeaderValue(value), text);
  });
}

const literals: readonly (readonly [name: string, value: string])[] = [
  ['base64 without its prefix', 'SGVsbG8='],
  ['a prefix without its suffix', '=?base64?SGVsbG8='],
  ['a prefix in capitals', '=?BASE64?SGVsbG8=?='],
  ['prefix and suffix that overlap', '=?base64?='],
];

for (const [name, value] of literals) {
  test(`takes ${name} as it stands`, () => assert.equal(decodeHeaderValue(value), value));
}

const invalid: readonly (readonly [name: string, value: string])[] = [
  ['missing padding', '=?base64?SGVsbG8?='],
  ['characters outside the alphabet', '=?base64?SGVs!!!bG8=?='],
  ['URL-safe base64', '=?base64?-_-_?='],
  ['white space inside', '=?base64?SGVs bG8=?='],
  ['too much padding', '=?base64?SGVsbG8==?='],
  ['padding bits that are not zero', '=?base64?SGVsbG9=?='],
  ['bytes that are not UTF-8', '=?base64?/w==?='],
  ['a raw non-ASCII character', 'caf\u00e9'],
  ['a control character', 'a\u0001b'],
];

for (const [name, value] of invalid) {
  test(`refuses ${name}`, () => assert.equal(decodeHeaderValue(value), undefined));
}

test('carries every well-formed text through a field value of visible ASCII', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const value = encodeHeaderValue(text);
      assert.match(value, /^[\t\x20-\x7e]+$/);
      assert.equal(value, value.trim());
      assert.equal(decodeHeaderValue(value), text);
    }),
  );
});
