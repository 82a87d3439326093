import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SuiteRun } from './suite.ts';
import { judge } from './verdict.ts';

const failure = { check: 'late', reason: 'came too late' };
const run = (failures: readonly { check: string; reason: string }[]): SuiteRun => ({
  results: [{ scenario: 'ping', passedChecks: 1, failures }],
  accepted: true,
});

test('a scenario without a failed check passes', () => {
  const verdict = judge(['ping'], run([]), new Set());
  assert.deepEqual(verdict.passed, ['ping']);
  assert.deepEqual(verdict.missed, []);
});

test('a required scenario that left no result is missed', () => {
  const verdict = judge(['ping', 'caching'], run([]), new Set());
  assert.deepEqual(verdict.missed, ['caching: no result']);
});

test('a scenario that made no check is missed', () => {
  const empty = { results: [{ scenario: 'ping', passedChecks: 0, failures: [] }], accepted: true };
  assert.deepEqual(judge(['ping'], empty, new Set()).missed, ['ping: no result']);
});

test('a failed check that nobody expected is missed with its reason', () => {
  const verdict = judge(['ping'], run([failure]), new Set(['ping:other']));
  assert.deepEqual(verdict.missed, ['ping: late (came too late)']);
  assert.deepEqual(verdict.expected, []);
});

test('an expected failure is neither passed nor missed', () => {
  const verdict = judge(['ping'], run([failure]), new Set(['ping:late']));
  assert.deepEqual(verdict.expected, ['ping']);
  assert.deepEqual(verdict.passed, []);
  assert.deepEqual(verdict.missed, []);
});

test('an expected failure that passes is stale and so missed', () => {
  const verdict = judge(['ping'], run([]), new Set(['ping']));
  assert.deepEqual(verdict.missed, ['ping: passes, so its expected failure is stale']);
});

test('a failure that only the suite saw is missed', () => {
  const verdict = judge(['ping'], { ...run([]), accepted: false }, new Set());
  assert.deepEqual(verdict.missed, ['the suite itself reports a failure']);
});
