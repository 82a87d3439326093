import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseServerId } from '../model/server-id.ts';
import type { Subject } from '../model/subject.ts';
import { createStaticBroker } from './static-broker.ts';

const subject = {} as Subject;
const id = (text: string) => parseServerId(text) ?? assert.fail(text);

test('gives a server its own headers and no other server any', async () => {
  const broker = createStaticBroker({
    servers: { github: { headers: { Authorization: 'Bearer upstream' } } },
  });
  assert.deepEqual(await broker.credential(id('github'), subject), {
    headers: { Authorization: 'Bearer upstream' },
  });
  assert.deepEqual(await broker.credential(id('files'), subject), { headers: {} });
  assert.deepEqual(await broker.credential(id('constructor'), subject), { headers: {} });
});

test('refuses headers that would break the message, without showing their values', () => {
  const make = (name: string, value: string) => () =>
    createStaticBroker({ servers: { s: { headers: { [name]: value } } } });
  for (const name of ['Host', 'content-length', 'Transfer-Encoding', 'connection']) {
    assert.throws(make(name, 'x'), /belongs to the protocol/);
  }
  for (const [name, value] of [
    ['X-Key', 'secret\r\nX-Other: 1'],
    ['X Key', 'secret'],
    ['', 'secret'],
  ] as const) {
    assert.throws(
      make(name, value),
      (error: Error) => /HTTP does not allow/.test(error.message) && !/secret/.test(error.message),
    );
  }
});

test('leaves out headers that the gateway sets itself', async () => {
  const headers = { Accept: '*/*', 'content-type': 'text/plain', 'Mcp-Session-Id': 'x', 'X-Key': 'k' };
  const broker = createStaticBroker({ servers: { s: { headers } } });
  assert.deepEqual(await broker.credential(id('s'), subject), { headers: { 'X-Key': 'k' } });
});
