import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { layOutJson } from './lay-out-json.ts';

test('laid-out JSON means the same at any width', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.integer({ min: 10, max: 100 }), (value, width) => {
      const text = layOutJson(value, width).join('\n');
      assert.equal(JSON.stringify(JSON.parse(text)), JSON.stringify(value));
    }),
    { numRuns: 200 },
  );
});

test('what fits stays on one line, and what does not is broken at its members', () => {
  const value = { mcpServers: { bartizan: { url: 'http://127.0.0.1:7300/mcp' } } };
  assert.equal(layOutJson(value, 80).length, 1);
  assert.deepEqual(layOutJson(value, 60)[0], '{');
  assert.ok(layOutJson(value, 60).every((line) => line.length <= 60));
});
