import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineReader } from './line-reader.ts';

const texts = (lines: readonly Buffer[] | undefined): readonly string[] | undefined => lines?.map(String);

test('lines come whole, however the chunks are cut', () => {
  const text = 'one\r\ntwo ä\n\nthree\n';
  for (let size = 1; size <= text.length; size++) {
    const reader = lineReader(100);
    const bytes = Buffer.from(text);
    const lines: string[] = [];
    for (let at = 0; at < bytes.length; at += size)
      lines.push(...(texts(reader.push(bytes.subarray(at, at + size))) ?? []));
    assert.deepEqual(lines, ['one', 'two ä', '', 'three']);
  }
});

test('a line of the limit passes; a byte more ends the reading', () => {
  assert.deepEqual(texts(lineReader(4).push(Buffer.from('1234\n'))), ['1234']);
  const reader = lineReader(4);
  assert.deepEqual(texts(reader.push(Buffer.from('123'))), []);
  assert.equal(reader.push(Buffer.from('45')), undefined);
});
