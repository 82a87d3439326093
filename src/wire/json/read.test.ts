import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { documentOf, isFault, readDocument } from './read.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function faultOf(text: string | Uint8Array): string | undefined {
  const read = readDocument(typeof text === 'string' ? bytes(text) : text, { depth: 8 });
  return isFault(read) ? read.fault : undefined;
}

const refused: readonly (readonly [string, string | Uint8Array, string])[] = [
  ['a member given twice', '{"method":"a","method":"b"}', 'duplicate'],
  ['a member given twice, once escaped', '{"name":1,"na\\u006de":2}', 'duplicate'],
  ['a member given twice deep inside', '{"params":{"arguments":{"a":[{"x":1,"x":2}]}}}', 'duplicate'],
  [
    'the thirteenth member given twice',
    `{${[...'abcdefghijklm', 'a'].map((k) => `"${k}":1`).join()}}`,
    'duplicate',
  ],
  ['another case of a protocol member', '{"jsonrpc":"2.0","Method":"x"}', 'disguised'],
  ['another case in the parameters', '{"params":{"NAME":"x"}}', 'disguised'],
  ['a full-width protocol member', '{"params":{"\uff4eame":"x"}}', 'disguised'],
  ['a protocol member with a zero-width joiner', '{"id\u200d":1}', 'disguised'],
  ['U+0000 in a member name', '{"name\\u0000":1}', 'nul'],
  ['a byte-order mark', '\ufeff{}', 'syntax'],
  ['invalid UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), 'encoding'],
  ['an overlong UTF-8 form', Uint8Array.of(0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d), 'encoding'],
  ['a trailing comma', '{"a":1,}', 'syntax'],
  ['a comment', '{"a":1/**/}', 'syntax'],
  ['two values', '{}{}', 'syntax'],
  ['nothing', '', 'syntax'],
  ['nesting beyond the limit', `{"a":${'['.repeat(8)}${']'.repeat(8)}}`, 'depth'],
  ['an array', '[{}]', 'batch'],
  ['a string', '"x"', 'not-object'],
];

for (const [what, text, fault] of refused) {
  test(`refuses ${what}`, () => assert.equal(faultOf(text), fault));
}

test('takes member names of tools that look like protocol members', () => {
  assert.equal(faultOf('{"params":{"arguments":{"Name":1,"ID":2}},"result":{"Name":1}}'), undefined);
});

test('writes numbers back that a double cannot hold', () => {
  for (const number of ['12345678901234567890', '1e400', '0.1234567890123456789', '-9007199254740993']) {
    const read = readDocument(bytes(`{"n":${number}}`));
    assert.ok(!isFault(read));
    assert.equal(JSON.stringify(read.value), `{"n":${number}}`);
  }
});

test('reads every object that JSON.stringify writes', () => {
  const names = fc.string().filter((name) => !name.includes('\u0000'));
  const values = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: 'binary' }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value')),
      fc.dictionary(names, tie('value')),
    ),
  })).value;
  fc.assert(
    fc.property(fc.dictionary(names, values), fc.constantFrom(0, 2), (members, indent) => {
      const text = JSON.stringify({ arguments: members }, null, indent);
      const read = readDocument(bytes(text));
      assert.ok(!isFault(read), text);
      assert.equal(JSON.stringify(read.value), JSON.stringify(JSON.parse(text)));
      assert.equal(new TextDecoder().decode(documentOf(read.value).bytes), JSON.stringify(JSON.parse(text)));
    }),
  );
});

test('never throws, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => {
      readDocument(noise);
    }),
  );
});
