import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundedLog } from './bounded-log.ts';

test('a server that floods the log is cut to a budget, and what was left out is told', () => {
  let now = 0;
  const told: string[] = [];
  const log = boundedLog((event, detail) => told.push(`${event}: ${detail}`), { now: () => now });
  for (let n = 0; n < 10_000; n++) log('unreadable message', `n ${n}`);
  assert.equal(told.length, 200);
  now += 1_000;
  for (let n = 0; n < 100; n++) log('stderr', 'x'.repeat(10_000));
  assert.equal(told[200], 'events left out: 9800 events of this server');
  assert.equal(told.length, 206);
  assert.ok((told[205] ?? '').length < 600);
});
