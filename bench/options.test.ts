import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Options, parseOptions } from './options.ts';

const parsed = (...args: string[]): Options => {
  const options = parseOptions(args);
  assert.notEqual(options, 'help');
  return options as Options;
};

test('a plain run has at least seven rounds, a quick one fewer', () => {
  assert.ok(parsed().plan.rounds >= 7);
  assert.ok(parsed('--quick').plan.rounds < 7);
});

test('rounds and seconds override the plan', () => {
  const { plan } = parsed('--quick', '--rounds', '5', '--seconds', '0.5');
  assert.equal(plan.rounds, 5);
  assert.equal(plan.sampleMs, 500);
});

test('the reference is measured whatever is chosen', () => {
  assert.deepEqual([...parsed('--only', 'full, raw').only].sort(), ['bare', 'full', 'raw']);
});

test('mistakes are refused with the mend', () => {
  assert.throws(() => parseOptions(['--only', 'fast']), /no variant `fast`; choose from direct, nginx/);
  assert.throws(() => parseOptions(['--rounds', '0']), /from 1 to 99, not `0`/);
  assert.throws(() => parseOptions(['--rounds', '2.5']), /whole number/);
  assert.throws(() => parseOptions(['--seconds', '']), /--seconds takes a number/);
  assert.throws(() => parseOptions(['--sekonds', '1']), /--sekonds/);
});
