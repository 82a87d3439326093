import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalCapabilities, capabilityKey, policedCapabilities } from './client-capability.ts';

test('clients that declare the same have the same key, whatever else they say and in which order', () => {
  const one = { sampling: {}, elicitation: { url: {}, form: {} }, extensions: { x: {} } };
  const other = { elicitation: { form: { deep: 1 }, url: {}, more: 1 }, sampling: { unknown: {} } };
  assert.equal(capabilityKey(one), capabilityKey(other));
  assert.deepEqual(canonicalCapabilities(one), { elicitation: { form: {}, url: {} }, sampling: {} });
});

test('clients that declare other capabilities have other keys', () => {
  const keys = [
    {},
    { sampling: {} },
    { roots: {} },
    { roots: { listChanged: true } },
    { elicitation: {} },
  ].map(capabilityKey);
  assert.equal(new Set(keys).size, keys.length);
});

test('what is not policed is not declared, and nothing is copied for nothing', () => {
  const declared = { elicitation: { form: {} }, sampling: {} };
  assert.equal(policedCapabilities(declared), declared);
  assert.deepEqual(policedCapabilities({ ...declared, extensions: {}, tasks: {} }), declared);
});
