import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopbackHost } from './loopback.ts';

test('the names and addresses of this machine are loopback, however they are written', () => {
  for (const host of ['localhost', 'LocalHost', '127.0.0.1', '127.1.2.3', '::1', '[::1]']) {
    assert.ok(isLoopbackHost(host), host);
  }
});

test('nothing that only looks like this machine is loopback', () => {
  for (const host of [
    '127.0.0.1.evil.example',
    '127.evil.example',
    'localhost.evil.example',
    '0.0.0.0',
    '::',
    '',
  ]) {
    assert.ok(!isLoopbackHost(host), host);
  }
});
