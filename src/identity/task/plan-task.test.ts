import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Task, TaskId } from '../../model/task.ts';
import { GrantError } from '../server/grant.ts';
import { type PlanInput, planTask } from './plan-task.ts';
import { defaultTemplate, type TaskTemplate } from './template.ts';

const now = Date.UTC(2026, 0, 1);

const parent: Task = {
  id: 'parent' as TaskId,
  ancestors: [],
  permissions: [{ actions: ['github:*'], constraints: { 'args.base': ['main'] } }],
  budget: { calls: 5 },
  notAfter: now + 60_000,
};

function input(change: Partial<PlanInput> = {}): PlanInput {
  return {
    request: undefined,
    template: undefined,
    templates: new Map<string, TaskTemplate>([['default', defaultTemplate]]),
    parent: undefined,
    now,
    subjectExpiresAt: now + 3_600_000,
    defaultSeconds: 900,
    maxSeconds: 1_800,
    ...change,
  };
}

test('a child ends with its parent at the latest, however long the token of the parent lives', () => {
  assert.equal(planTask(input({ parent })).notAfter, parent.notAfter);
});

test('a task ends with the token that it is asked with at the latest, in whole seconds', () => {
  assert.equal(planTask(input({ subjectExpiresAt: now + 10_999 })).notAfter, now + 10_000);
  assert.throws(() => planTask(input({ subjectExpiresAt: now + 999 })), GrantError);
});

test('a task lives for the default time, or as long as it asks for, and never longer than its template', () => {
  const asked = (seconds: number): PlanInput['request'] => ({
    permissions: [{ actions: ['*'] }],
    budget: {},
    notAfter: now + seconds * 1000,
  });
  const templates = new Map<string, TaskTemplate>([['short', { ...defaultTemplate, seconds: 300 }]]);
  assert.equal(planTask(input()).notAfter, now + 900_000);
  assert.equal(planTask(input({ request: asked(1_200) })).notAfter, now + 1_200_000);
  assert.equal(planTask(input({ request: asked(7_200) })).notAfter, now + 1_800_000);
  assert.equal(planTask(input({ templates })).notAfter, now + 300_000);
});

test('a child that says nothing keeps the constraints and the budget of its parent', () => {
  const plan = planTask(input({ parent }));
  assert.deepEqual(plan.permissions, parent.permissions);
  assert.deepEqual(plan.budget, parent.budget);
});
