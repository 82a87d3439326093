import assert from 'node:assert/strict';
import { test } from 'node:test';
import { briefPermissionLines, permissionLines, taskEntry, taskPage } from './describe-task.ts';
import { refusalWords } from './tasks-api.ts';
import { duration } from './time-words.ts';
import { toldTask } from './told-task.ts';

const now = 1_795_402_000_000;
const told = {
  id: '01a2064c-2aa1-751f-aeac-d73b27c092bd',
  user: { issuer: 'https://login.example', subject: 'ann' },
  agent: 'spiffe://company.com/agent/refactor',
  purpose: 'rename a function in the blue project, and open a pull request for it',
  template: 'pull-request',
  resources: ['https://gateway.example/mcp/github'],
  authorization_details: [
    {
      type: 'mcp_task',
      actions: ['github:get_file_contents', 'github:create_branch', 'github:create_pull_request'],
      tool_digests: { 'github:create_branch': 'sha-256:x' },
      constraints: { 'args.base': ['main'] },
      max_calls: 20,
    },
  ],
  budget: { calls: 20 },
  ancestors: ['first', 'second'],
  granted_at: now - 5_000,
  not_after: now + 192_000,
  state: 'living',
};

test('a task of a list tells who, how long and how much, on two lines of a narrow terminal', () => {
  const lines = taskEntry(toldTask(told), now, 80);
  assert.deepEqual(lines, [
    '01a2064c-2aa1-751f-aeac-d73b27c092bd  3m 12s left         3 actions, 20 calls',
    '  ann by spiffe://company.com/agent/refactor: rename a function in the blue p...',
  ]);
  assert.ok(lines.every((line) => line.length <= 80));
  assert.equal(taskEntry(toldTask(told), now)[1]?.endsWith('pull request for it'), true);
});

test('a task that is over says since when', () => {
  const expired = toldTask({ ...told, state: 'expired', not_after: now - 60_000 });
  assert.match(taskEntry(expired, now)[0] ?? '', /expired 1m 0s ago/);
  const ended = toldTask({ ...told, state: 'ended', ended: { at: now - 3_000, how: 'revoked' } });
  assert.match(taskEntry(ended, now)[0] ?? '', /ended 3s ago/);
  assert.match(taskPage(ended, now)[1] ?? '', /revoked at 2026-/);
});

test('a page of a task has what is left, its parent and its constraints, and no digest', () => {
  const page = taskPage(toldTask({ ...told, left: { calls: 18 } }), now);
  assert.ok(page.includes('budget    20 calls; left: 18 calls'));
  assert.ok(page.includes('parent    second'));
  assert.ok(page.includes('          where args.base is ["main"]'));
  assert.ok(page.includes('          1 pinned to the definition of their tool'));
  assert.doesNotMatch(page.join('\n'), /sha-256/);
  assert.ok(page.every((line) => line.length <= 80));
});

test('an action that is wider than the terminal stands on a line of its own', () => {
  const actions = ['a:b', `files:${'x'.repeat(90)}`, 'c:d'];
  assert.equal(permissionLines([{ actions, pinned: 0, constraints: {} }], 80).length, 3);
});

test('what was granted is told in short: a few names of each server', () => {
  const actions = [...'abcdefgh'].map((name) => `files:${name}`);
  const [line] = briefPermissionLines(
    [{ actions: [...actions, 'memory:read'], pinned: 0, constraints: {} }],
    80,
  );
  assert.equal(line, 'may       files:a, files:b, files:c, files:d, 4 more of files, memory:read');
});

test('a refusal is told in words, with its remedy', () => {
  const error = { code: -32600, message: 'there is no such task', data: { remedy: 'look at `GET /tasks`' } };
  assert.equal(refusalWords(404, { error }), 'there is no such task; look at `GET /tasks`');
  assert.equal(refusalWords(502, {}), 'the gateway answered 502');
});

test('times are told in their two largest units', () => {
  const told = [0, 59_999, 60_000, 3_725_000, 90_000_000, -5].map(duration);
  assert.deepEqual(told, ['0s', '59s', '1m 0s', '1h 2m', '1d 1h', '0s']);
});
