import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readConfigText } from './config-text.ts';
import { blankComments } from './jsonc.ts';

test('any JSON reads as JSON.parse reads it, indented by tabs or not', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ maxLength: 20 }), fc.jsonValue()),
      fc.constantFrom('', '\t', 2),
      (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const { tree, faults } = readConfigText('mcp.json', text);
        assert.deepEqual(faults, []);
        assert.equal(JSON.stringify(tree), JSON.stringify(JSON.parse(text)));
      },
    ),
    { numRuns: 300 },
  );
});

test('comments become blanks and strings stay as they are', () => {
  const text = '{ "a": "http://x /* no */", // yes\n\t/* yes\n yes */ "b\\"//": 1 }';
  const blank = blankComments(text);
  assert.equal(blank.length, text.length);
  assert.deepEqual(JSON.parse(blank), { a: 'http://x /* no */', 'b"//': 1 });
});

test('a comment that never ends is a fault and not an endless search', () => {
  const started = performance.now();
  readConfigText('mcp.json', `{ /*${'*'.repeat(200_000)}`);
  readConfigText('mcp.json', `{ "${'\\\\'.repeat(100_000)}`);
  assert.ok(performance.now() - started < 2_000);
});

test('a reference without quotes in brackets is named as that, once', () => {
  const { faults } = readConfigText('bartizan.yaml', 'servers: { a: { command: x, env: { K: ${KEY} } } }\n');
  assert.deepEqual(
    faults.map(({ message }) => message),
    ['inside { } and [ ] a reference needs quotes: write "${NAME}"'],
  );
});

test('a comma that is missing in JSON is asked for in words', () => {
  const { faults } = readConfigText('mcp.json', '{"mcpServers": {"a": {"command": "x" "b": 1}}}');
  assert.equal(faults.length, 1);
  assert.match(faults[0]?.message ?? '', /comma/);
});
