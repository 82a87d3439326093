import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMessageReader } from './message-reader.ts';

interface Message {
  head: string;
  body: string;
}

/** Feeds `text` in pieces of `size` bytes and gives the finished messages. */
const read = (text: string, size: number, kind: 'request' | 'response' = 'response'): Message[] => {
  const messages: Message[] = [];
  let current: Message = { head: '', body: '' };
  const push = createMessageReader(kind, {
    head: (head) => {
      current = { head, body: '' };
    },
    body: (piece) => {
      current.body += piece.toString();
    },
    end: () => messages.push(current),
  });
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += size) push(bytes.subarray(from, from + size));
  return messages;
};

const sized = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Other: 9\r\n\r\nhello';
const chunked =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n1;ext=1\r\nw\r\nA\r\n0123456789\r\n0\r\n\r\n';

for (const size of [1, 2, 3, 7, 1000]) {
  test(`reads sized and chunked replies that follow one another in pieces of ${size} bytes`, () => {
    const messages = read(sized + chunked + sized, size);
    assert.deepEqual(
      messages.map((message) => message.body),
      ['hello', 'hello w0123456789', 'hello'],
    );
    assert.equal(messages[0]!.head, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Other: 9');
  });
}

test('a body that looks like a head stays a body', () => {
  const inner = 'HTTP/1.1 500 No\r\n\r\n';
  const [message, ...more] = read(`HTTP/1.1 200 OK\r\ncontent-length: ${inner.length}\r\n\r\n${inner}`, 4);
  assert.equal(message!.body, inner);
  assert.deepEqual(more, []);
});

test('a message is not finished before its last byte', () => {
  assert.deepEqual(read(sized.slice(0, -1), 1000), []);
  assert.deepEqual(read(chunked.slice(0, -1), 1000), []);
});

test('trailers are skipped', () => {
  const withTrailer = chunked.replace('0\r\n\r\n', '0\r\nExpires: never\r\n\r\n');
  assert.equal(read(withTrailer, 5)[0]!.body, 'hello w0123456789');
});

test('an empty body and a status without a body end at their head', () => {
  const empty = 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n';
  const none = 'HTTP/1.1 204 No Content\r\n\r\n';
  assert.equal(read(empty + none + sized, 9).length, 3);
});

test('a request without a length has no body, a reply without one is refused', () => {
  assert.equal(read('GET / HTTP/1.1\r\nHost: a\r\n\r\n', 3, 'request').length, 1);
  assert.throws(() => read('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n', 3), /without a length/);
});

test('broken chunk framing is refused', () => {
  const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
  assert.throws(() => read(`${head}zz\r\n`, 100), /no chunk size/);
  assert.throws(() => read(`${head}2\r\nabc\r\n`, 100), /chunk longer than its size/);
});

test('a head that never ends is refused instead of kept', () => {
  assert.throws(() => read(`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(70_000)}`, 10_000), /no end of head/);
});
