import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '../../model/call.ts';
import type { JsonObject } from '../../model/json.ts';
import { Refusal } from '../../model/refusal.ts';
import type { PrincipalKey } from '../../model/subject.ts';
import { testCall, testPorts, testSubject } from '../../testing/pipeline-ports.ts';
import { type Page, readPage } from './page.ts';

const { seal } = testPorts();
const items = Array.from({ length: 1200 }, (_, n): JsonObject => ({ name: `tool-${n}` }));
const mallory = testSubject({ principal: 'mallory' as PrincipalKey });

function pageOf(call: Call, subject = testSubject()): Page {
  const page = readPage(seal, { call, subject });
  assert.ok(!(page instanceof Refusal));
  return page;
}

function refused(call: Call, subject = testSubject()): string {
  const page = readPage(seal, { call, subject });
  assert.ok(page instanceof Refusal);
  return page.code;
}

function cursorAfter(page: Page): string {
  const { nextCursor } = page.next(items.length, 0);
  assert.ok(typeof nextCursor === 'string');
  return nextCursor;
}

test('the pages of a list join to the whole of it, in order, and then end', () => {
  const seen: JsonObject[] = [];
  let call = testCall('tools/list', {});
  for (let pages = 1; ; pages++) {
    const page = pageOf(call);
    seen.push(...page.slice(items));
    const { nextCursor } = page.next(items.length, 0);
    if (nextCursor === undefined) {
      assert.equal(pages, 3);
      break;
    }
    call = testCall('tools/list', { cursor: nextCursor });
  }
  assert.deepEqual(seen, items);
});

test('a list that fits one page names no next one', () => {
  const page = pageOf(testCall('tools/list', {}));
  assert.deepEqual(page.next(500, 0), {});
  assert.notDeepEqual(page.next(501, 0), {});
});

test('a cursor serves its own principal, endpoint and method alone', () => {
  const cursor = cursorAfter(pageOf(testCall('tools/list', {})));
  assert.equal(pageOf(testCall('tools/list', { cursor })).slice(items)[0]?.['name'], 'tool-500');
  assert.equal(refused(testCall('tools/list', { cursor }), mallory), 'cursor_invalid');
  assert.equal(refused(testCall('prompts/list', { cursor })), 'cursor_invalid');
  const elsewhere = testCall('tools/list', { cursor }, { endpoint: { kind: 'aggregate' } });
  assert.equal(refused(elsewhere), 'cursor_invalid');
});

for (const cursor of ['', 'forged', 7, null, {}]) {
  test(`refuses ${JSON.stringify(cursor)} as a cursor`, () => {
    assert.equal(refused(testCall('tools/list', { cursor })), 'cursor_invalid');
  });
}
