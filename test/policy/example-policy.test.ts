import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Decision } from '../../src/model/decision.ts';
import { createPolicy } from '../../src/policy/create-policy.ts';
import { type Changes, request } from './support/requests.ts';

const name = 'examples/policies/code-refactor.cedar';
const text = readFileSync(join(import.meta.dirname, '../..', name), 'utf8');
const id = 'code-refactor-opens-pull-requests';

function decide(changes: Changes, timezone = 'UTC'): Decision {
  return createPolicy({ sources: [{ name, text }], timezone, sample: 0 }).decide(request(changes));
}

const permitted: Decision = { effect: 'permit', policies: [id], errors: [] };
const denied: Decision = { effect: 'deny', policies: [], errors: [] };

interface Case {
  readonly title: string;
  readonly changes: Changes;
  readonly zone?: string;
}

/** In 2026 Berlin is at UTC+1 until 29 March 01:00 UTC and from 25 October 01:00 UTC, else at UTC+2. */
const permits: readonly Case[] = [
  { title: 'the sentence as written', changes: {} },
  { title: '9:00 sharp', changes: { instant: '2026-06-10T09:00:00Z' } },
  { title: '16:59 and its last millisecond', changes: { instant: '2026-06-10T16:59:59.999Z' } },
  { title: '9:00 in Berlin summer', changes: { instant: '2026-06-10T07:00:00Z' }, zone: 'Europe/Berlin' },
  { title: '9:00 in Berlin winter', changes: { instant: '2026-01-14T08:00:00Z' }, zone: 'Europe/Berlin' },
  {
    title: '9:00 on the day clocks go forward',
    changes: { instant: '2026-03-29T07:00:00Z' },
    zone: 'Europe/Berlin',
  },
  {
    title: '9:00 the day before clocks go forward',
    changes: { instant: '2026-03-28T08:00:00Z' },
    zone: 'Europe/Berlin',
  },
  {
    title: '16:59 on the day clocks go back',
    changes: { instant: '2026-10-25T15:59:00Z' },
    zone: 'Europe/Berlin',
  },
  {
    title: '9:15 in a zone with an odd offset',
    changes: { instant: '2026-06-10T03:30:00Z' },
    zone: 'Asia/Kathmandu',
  },
  {
    title: 'further roles and tags',
    changes: { roles: ['auditor', 'developer'], tags: { project: 'blue', tier: '1' } },
  },
];

const denials: readonly Case[] = [
  { title: '8:59', changes: { instant: '2026-06-10T08:59:59.999Z' } },
  { title: '17:00 sharp', changes: { instant: '2026-06-10T17:00:00Z' } },
  { title: 'midnight', changes: { instant: '2026-06-10T00:00:00Z' } },
  {
    title: '9:00 UTC that is 17:00 elsewhere',
    changes: { instant: '2026-06-10T09:00:00Z' },
    zone: 'Asia/Singapore',
  },
  { title: '8:59 in Berlin summer', changes: { instant: '2026-06-10T06:59:59Z' }, zone: 'Europe/Berlin' },
  {
    title: '8:00 in Berlin on the day clocks go back',
    changes: { instant: '2026-10-25T07:00:00Z' },
    zone: 'Europe/Berlin',
  },
  {
    title: '17:00 on the day clocks go forward',
    changes: { instant: '2026-03-29T15:00:00Z' },
    zone: 'Europe/Berlin',
  },
  {
    title: '17:00 the day before clocks go forward',
    changes: { instant: '2026-03-28T16:00:00Z' },
    zone: 'Europe/Berlin',
  },
  { title: 'another role', changes: { roles: ['manager'] } },
  { title: 'a role in other letters', changes: { roles: ['Developer', 'developer '] } },
  { title: 'no role claim at all', changes: { roles: [] } },
  { title: 'another project', changes: { tags: { project: 'red' } } },
  { title: 'no project tag', changes: { tags: { tier: 'blue' } } },
  { title: 'no tags at all', changes: { tags: {} } },
  { title: 'an unmanaged device', changes: { managed: false } },
  { title: 'another agent', changes: { agent: 'spiffe://company.com/agent/code-review' } },
  {
    title: 'an agent of another trust domain',
    changes: { agent: 'spiffe://company.org/agent/code-refactor' },
  },
  { title: 'another tool', changes: { tool: 'merge_pr' } },
  { title: 'another method', changes: { method: 'resources/read' } },
];

for (const { title, changes, zone } of permits) {
  test(`the example policy permits: ${title}`, () => {
    assert.deepEqual(decide(changes, zone), permitted);
  });
}

for (const { title, changes, zone } of denials) {
  test(`the example policy denies: ${title}`, () => {
    assert.deepEqual(decide(changes, zone), denied);
  });
}

test('a list hides the tool outside office hours and from other roles, and shows it otherwise', () => {
  const policy = createPolicy({ sources: [{ name, text }], timezone: 'UTC', sample: 0 });
  assert.equal(policy.couldPermit(request({ args: undefined })), true);
  assert.equal(policy.couldPermit(request({ args: undefined, tags: {}, open: true })), true);
  assert.equal(policy.couldPermit(request({ args: undefined, tags: {} })), false);
  assert.equal(
    policy.couldPermit(request({ args: undefined, open: true, instant: '2026-06-10T17:00:00Z' })),
    false,
  );
  assert.equal(policy.couldPermit(request({ args: undefined, open: true, roles: [] })), false);
  assert.equal(policy.couldPermit(request({ args: undefined, open: true, managed: false })), false);
  assert.equal(policy.couldPermit(request({ args: undefined, open: true, agent: 'other' })), false);
});
