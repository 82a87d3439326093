import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listeningFront } from './listening-front.ts';
import { modernBody, modernHeaders } from './modern-message.ts';
import { post } from './raw-client.ts';

const echo = modernBody('tools/call', { name: 'files__read', arguments: { path: 'a' } });
const echoHeaders = modernHeaders('tools/call', 'files__read');

test('answers a modern call as JSON with its length', async (t) => {
  const front = await listeningFront(t, () => ({ content: [{ type: 'text', text: 'ok' }] }));
  const answer = await post(front.port, echo, echoHeaders);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'application/json');
  assert.equal(answer.headers.get('content-length'), String(answer.body.length));
  assert.deepEqual(JSON.parse(answer.body), {
    jsonrpc: '2.0',
    id: 1,
    result: { resultType: 'complete', content: [{ type: 'text', text: 'ok' }] },
  });
  assert.equal(front.calls[0]?.target, 'files__read');
});
