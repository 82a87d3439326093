import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  canonicalCapabilities,
  capabilityKey,
  isDeclared,
  optionToAsk,
  policedCapabilities,
} from './client-capability.ts';

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

test('the modes of elicitation and tools in sampling are declared apart', () => {
  assert.equal(optionToAsk('elicitation/create', { mode: 'url' }), 'url');
  assert.equal(optionToAsk('elicitation/create', {}), 'form');
  assert.equal(optionToAsk('sampling/createMessage', { tools: [] }), 'tools');
  assert.equal(optionToAsk('sampling/createMessage', {}), undefined);
  for (const [declared, option, expected] of [
    [{ elicitation: {} }, 'form', true],
    [{ elicitation: {} }, 'url', false],
    [{ elicitation: { form: {} } }, 'url', false],
    [{ elicitation: { url: {} } }, 'form', false],
    [{ elicitation: { form: {}, url: {} } }, 'url', true],
    [{}, 'form', false],
  ] as const) {
    assert.equal(
      isDeclared(declared, 'elicitation', option),
      expected,
      `${JSON.stringify(declared)} ${option}`,
    );
  }
  assert.equal(isDeclared({ sampling: {} }, 'sampling', undefined), true);
  assert.equal(isDeclared({ sampling: {} }, 'sampling', 'tools'), false);
});
