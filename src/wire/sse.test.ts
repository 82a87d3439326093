import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type SseEvent, sseEvent, sseKeepAlive, sseReader } from './sse.ts';

function read(text: string | Uint8Array, limit = 1 << 20): readonly SseEvent[] | undefined {
  return sseReader(limit).push(Buffer.from(text as string));
}

const streams: readonly (readonly [name: string, text: string, events: readonly SseEvent[]])[] = [
  ['one line of data', 'data: a\n\n', [{ data: 'a' }]],
  ['data without a space', 'data:a\n\n', [{ data: 'a' }]],
  ['only the first space dropped', 'data:  a\n\n', [{ data: ' a' }]],
  ['several lines of data', 'data: a\ndata: b\n\n', [{ data: 'a\nb' }]],
  ['a field without a colon', 'data\n\n', [{ data: '' }]],
  ['every field', 'event: e\nid: 7\nretry: 10\ndata: a\n\n', [{ event: 'e', id: '7', retry: 10, data: 'a' }]],
  ['carriage returns', 'data: a\rdata: b\r\r', [{ data: 'a\nb' }]],
  ['both line ends', 'data: a\r\ndata: b\r\n\r\n', [{ data: 'a\nb' }]],
  ['comments', ': hello\ndata: a\n: there\n\n', [{ data: 'a' }]],
  ['no event without data', 'event: e\nid: 1\n\ndata: a\n\n', [{ data: 'a' }]],
  ['no event before its empty line', 'data: a\n', []],
  ['unknown fields', 'dat: x\nfoo: y\ndata: a\n\n', [{ data: 'a' }]],
  ['an id with U+0000', 'id: a\0b\ndata: a\n\n', [{ data: 'a' }]],
  ['a retry that is no number', 'retry: 1s\ndata: a\n\n', [{ data: 'a' }]],
  ['a byte-order mark at the start', '\ufeffdata: a\n\n', [{ data: 'a' }]],
];

for (const [name, text, events] of streams) {
  test(`reads ${name}`, () => assert.deepEqual(read(text), events));
}

const lineEnd = fc.constantFrom('\n', '\r', '\r\n');
const line = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => `data: ${text.replace(/[\r\n]/g, '')}`),
  fc.constantFrom('', '', 'event: x', 'id: 1', ': comment', 'data', 'retry: 5'),
);

test('gives the same events however the stream is cut into chunks', () => {
  const stream = fc.array(fc.tuple(line, lineEnd)).map((lines) => Buffer.from(lines.flat().join('')));
  fc.assert(
    fc.property(stream, fc.array(fc.nat(12)), (bytes, sizes) => {
      const reader = sseReader(1 << 20);
      const events: SseEvent[] = [];
      let at = 0;
      for (const size of [...sizes, bytes.length]) {
        events.push(...(reader.push(bytes.subarray(at, at + size)) ?? []));
        at += size;
      }
      assert.deepEqual(events, read(bytes));
    }),
  );
});

test('reads back what it writes, line ends inside the data as line feeds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom('\n', '\r\n', ''), (text, end) => {
      const data = `${text}${end}tail`;
      const expected = data.replace(/\r\n|\r/g, '\n');
      assert.deepEqual(read(sseEvent(data, { id: '3', event: 'message', retry: 9 })), [
        { event: 'message', id: '3', retry: 9, data: expected },
      ]);
    }),
  );
});

test('writes bytes without line ends as they are', () => {
  assert.equal(sseEvent(Buffer.from('{"a":1}')).toString(), 'data: {"a":1}\n\n');
});

test('stops at an event larger than its limit, also one that never ends its line', () => {
  assert.equal(read(`data: ${'x'.repeat(100)}\n\n`, 50), undefined);
  const reader = sseReader(50);
  assert.deepEqual(reader.push(Buffer.from('data: ')), []);
  assert.equal(reader.push(Buffer.alloc(60, 'x')), undefined);
  assert.equal(reader.push(Buffer.from('\n\ndata: a\n\n')), undefined);
});

test('counts the limit for each event, and not at all for comments between them', () => {
  const reader = sseReader(40);
  for (let round = 0; round < 20; round++) {
    assert.deepEqual(reader.push(Buffer.concat([sseKeepAlive, sseEvent('0123456789')])), [
      { data: '0123456789' },
    ]);
  }
});

test('reads a chunk of many short lines in time that grows with its size alone', () => {
  const chunk = Buffer.from(`${'data: a\n'.repeat(40_000)}\r`);
  const started = performance.now();
  assert.equal(sseReader(1 << 24).push(chunk)?.length, 1);
  assert.ok(performance.now() - started < 1000);
});
