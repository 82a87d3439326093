import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMethod, methodFacts, methods } from './method.ts';

test("a method without a row is not policed, even under the name of an object's own member", () => {
  for (const name of [
    '',
    'Tools/call',
    'tools/call ',
    'initialize',
    'constructor',
    '__proto__',
    'toString',
  ]) {
    assert.equal(methodFacts(name), undefined, name);
    assert.equal(isMethod(name), false, name);
  }
});

test('every row is found by its own name', () => {
  for (const [name, facts] of Object.entries(methods)) assert.equal(methodFacts(name), facts);
});

test('input may be asked for on the three methods of the specification alone', () => {
  const interactive = Object.entries(methods).flatMap(([name, row]) => (row.interactive ? [name] : []));
  assert.deepEqual(interactive.sort(), ['prompts/get', 'resources/read', 'tools/call']);
});

test('the six results with cache hints are those of the specification', () => {
  const cacheable = Object.entries(methods).flatMap(([name, row]) => (row.cacheable ? [name] : []));
  assert.deepEqual(cacheable.sort(), [
    'prompts/list',
    'resources/list',
    'resources/read',
    'resources/templates/list',
    'server/discover',
    'tools/list',
  ]);
});
