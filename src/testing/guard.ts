import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../model/finding.ts';
import type { JsonObject } from '../model/json.ts';
import type { Guard } from '../pipeline/ports.ts';
import { testCall, written } from './pipeline-ports.ts';

/** A guard under test, and a text that it blocks or strips wherever that is not allowed. */
export interface GuardUnderTest {
  readonly guard: Guard;
  /** Does not pass in the arguments of a call. */
  readonly badArgument: string;
  /** Does not pass in a result as it is. */
  readonly badResult: string;
  /** Does not pass in a description. */
  readonly badDescription: string;
}

const pointer = /^(?:\/(?:[^~/]|~[01])*)*$/;
const honest = { text: 'naïve café, 日本, \u{1f469}\u200d\u{1f680}', n: 3, deep: [null, true, { '': '' }] };

/** Registers the tests that every {@link Guard} must pass. `open` makes one for each test. */
export function guardContract(name: string, open: () => GuardUnderTest): void {
  test(`${name}: lets honest content pass and keeps its bytes`, () => {
    const { guard } = open();
    assert.deepEqual(stopping(guard.call(toolCall(honest))), []);
    const { findings, replacement } = guard.message(result(honest));
    assert.deepEqual([stopping(findings), replacement], [[], undefined]);
    assert.deepEqual(stopping(guard.description({ name: 'a', description: honest.text })), []);
  });

  test(`${name}: finds what must not pass however deep it stands, and says where`, () => {
    const { guard, badArgument, badResult, badDescription } = open();
    const deep = (text: string): JsonObject => ({ 'a/b': [{ '~': text }] });
    const found = [
      guard.call(toolCall(deep(badArgument))),
      guard.message(result(deep(badResult))).findings,
      guard.description({ name: 'a', inputSchema: deep(badDescription) }),
    ];
    for (const findings of found) {
      assert.ok(stopping(findings).length > 0);
      for (const { at } of findings) assert.match(at, pointer);
    }
  });

  test(`${name}: either blocks a result or gives one that needs no further change`, () => {
    const { guard, badResult } = open();
    const { findings, replacement } = guard.message(result({ text: badResult }));
    if (findings.some(({ action }) => action === 'block')) return;
    assert.ok(replacement !== undefined, 'it strips nothing and blocks nothing');
    assert.deepEqual(JSON.parse(Buffer.from(replacement.bytes).toString()), replacement.value);
    const again = guard.message(replacement);
    assert.deepEqual([stopping(again.findings), again.replacement], [[], undefined]);
  });

  test(`${name}: no finding repeats what it found`, () => {
    const { guard, badArgument } = open();
    assert.ok(!JSON.stringify(guard.call(toolCall({ text: badArgument }))).includes(badArgument));
  });
}

function stopping(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ action }) => action !== 'note');
}

function toolCall(args: JsonObject): ReturnType<typeof testCall> {
  return testCall('tools/call', { name: 'read', arguments: args });
}

function result(structuredContent: JsonObject): ReturnType<typeof written> {
  return written({
    jsonrpc: '2.0',
    id: 7,
    result: { resultType: 'complete', content: [], structuredContent },
  });
}
