import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseShape, matrixShapes, resultBody, type Shape, sseEvents } from '../shapes.ts';
import { createVerify } from './verify.ts';

const ok = 'HTTP/1.1 200 OK';
const id = '100000007';
const fill = (text: string, digits = id): string => text.replaceAll('#########', digits);
const replyTo = (shape: Shape, digits = id): string =>
  fill(shape.reply === 'json' ? resultBody(shape.replyBytes) : sseEvents(shape.replyBytes).join(''), digits);
const sse = matrixShapes.find((shape) => shape.name === 'sse 10 KB')!;

for (const shape of matrixShapes) {
  test(`accepts the upstream's own reply for ${shape.name}, again and again`, () => {
    const verify = createVerify(shape);
    assert.equal(verify(id, ok, Buffer.from(replyTo(shape))), 'exact');
    assert.equal(verify('100000008', ok, Buffer.from(replyTo(shape, '100000008'))), 'exact');
  });
}

test('refuses a quick error', () => {
  const verify = createVerify(baseShape);
  assert.equal(verify(id, 'HTTP/1.1 401 Unauthorized', Buffer.from(replyTo(baseShape))), 'wrong');
  assert.equal(verify(id, ok, Buffer.from('')), 'wrong');
  const denial = JSON.stringify({ jsonrpc: '2.0', id: Number(id), result: { content: [], isError: true } });
  assert.equal(verify(id, ok, Buffer.from(denial)), 'wrong');
});

test("refuses another call's reply", () => {
  assert.equal(createVerify(baseShape)(id, ok, Buffer.from(replyTo(baseShape, '100000009'))), 'wrong');
});

test('refuses a reply that is cut short or lacks an event', () => {
  const whole = replyTo(baseShape);
  assert.equal(createVerify(baseShape)(id, ok, Buffer.from(whole.slice(0, -1))), 'wrong');
  const events = replyTo(sse).split('\n\n');
  assert.equal(createVerify(sse)(id, ok, Buffer.from(events.slice(1).join('\n\n'))), 'wrong');
});

test('tells a reply written anew from one forwarded as it was', () => {
  const message = JSON.parse(replyTo(baseShape)) as { result: { _meta: object } };
  message.result._meta = { ...message.result._meta, 'example.org/decision': 'd1' };
  assert.equal(createVerify(baseShape)(id, ok, Buffer.from(JSON.stringify(message))), 'altered');
  const anew = replyTo(sse).replaceAll('event: message\n', '').replaceAll('data: ', 'data:');
  assert.equal(createVerify(sse)(id, ok, Buffer.from(anew)), 'altered');
});

test('a changed word in the text is wrong, not altered', () => {
  const changed = replyTo(baseShape).replace('revenue', 'expense');
  assert.equal(createVerify(baseShape)(id, ok, Buffer.from(changed)), 'wrong');
});
