import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundedReport } from './bounded-report.ts';

test('a flood of refusals beside MCP is counted, and other events are told all the same', () => {
  let now = 1_800_000_000_000;
  const told: [string, Readonly<Record<string, string>>][] = [];
  const report = boundedReport((event, facts) => void told.push([event, facts]), { now: () => now });
  for (let n = 0; n < 5_000; n++)
    report(n % 2 === 0 ? 'task refused' : 'request refused', { code: 'invalid_client' });
  assert.equal(told.length, 1_000);
  report('task granted', { task: 't' });
  assert.equal(told.at(-1)?.[0], 'task granted');
  now += 1_000;
  report('SVID refused', { reason: 'r' });
  assert.deepEqual(told.slice(-2), [
    ['refusals counted', { count: '4000', reason: 'more refusals beside MCP than are recorded one by one' }],
    ['SVID refused', { reason: 'r' }],
  ]);
});

test('what a stranger wrote is cut to a bearable length', () => {
  const told: Readonly<Record<string, string>>[] = [];
  const report = boundedReport((_, facts) => void told.push(facts), { now: () => 0 });
  report('request refused', { client: 'x'.repeat(1_000_000), code: 'invalid_client' });
  report('task granted', { actions: 'y'.repeat(5_000) });
  assert.deepEqual(
    told.map((facts) => Object.values(facts).map((text) => text.length)),
    [[1_025, 14], [5_000]],
  );
});
