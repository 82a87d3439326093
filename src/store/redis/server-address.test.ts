import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseServerAddress } from './server-address.ts';

test('a URL says where the server is, and port and database are optional', () => {
  assert.deepEqual(parseServerAddress('redis://cache.internal'), {
    host: 'cache.internal',
    port: 6379,
    tls: false,
    name: 'cache.internal:6379',
  });
  assert.deepEqual(parseServerAddress('rediss://gateway:p%40ss%2Fword@[::1]:6390/3'), {
    host: '::1',
    port: 6390,
    tls: true,
    username: 'gateway',
    password: 'p@ss/word',
    database: 3,
    name: '[::1]:6390',
  });
});

test('what is no address is refused with the mend, and what may be a password is not repeated', () => {
  const wrong = [
    'secret',
    'http://u:secret@host',
    'redis://u:secret@',
    'redis://u:secret@host/x',
    'redis://u:secret%@host',
    'redis://u:secret@host:99999',
  ];
  for (const url of wrong)
    assert.throws(
      () => parseServerAddress(url),
      (error) =>
        error instanceof Error && /write `/.test(error.message) && !/secret/.test(String(error.stack)),
      url,
    );
});
