import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TaskPermission } from './task.ts';
import { type CoveredCall, covers, pinsOf } from './task-cover.ts';
import { intersect, isNarrower, outsideOf, smallerBudget, type TaskExtent } from './task-narrow.ts';

const names = ['a:x', 'a:xy', 'a:z', 'b:x', 'b:resources/read'];
const patterns = [...names, '*', 'a:*', 'a:x*', 'b:*'];
const values = ['main', 'dev', 1, true];
const digests = ['sha-256:one', 'sha-256:two'];

const permission: fc.Arbitrary<TaskPermission> = fc.record(
  {
    actions: fc.array(fc.constantFrom(...patterns), { minLength: 1, maxLength: 3 }),
    digests: fc.dictionary(fc.constantFrom(...names), fc.constantFrom(...digests), { maxKeys: 2 }),
    constraints: fc.dictionary(
      fc.constantFrom('args.base', 'args.deep.er', 'resource.tags.team', 'resource.id'),
      fc.uniqueArray(fc.constantFrom(...values), { maxLength: 3 }),
      { maxKeys: 2 },
    ),
  },
  { requiredKeys: ['actions'] },
);
const permissions = fc.array(permission, { minLength: 1, maxLength: 3 });
const budget = fc.record(
  { calls: fc.integer({ min: 0, max: 3 }), bytes: fc.integer({ min: 0, max: 3 }) },
  { requiredKeys: [] },
);
const extent: fc.Arbitrary<TaskExtent> = fc.record({
  permissions,
  budget,
  notAfter: fc.integer({ min: 0, max: 3 }),
});
const value = fc.constantFrom(...values, 'other');
const call = fc.record({
  action: fc.constantFrom(...names),
  digest: fc.constantFrom(...digests),
  resource: fc.record({
    id: fc.constantFrom('main', 'r'),
    tags: fc.dictionary(fc.constant('team'), fc.constantFrom('main', 'dev', 'q')),
  }),
  args: fc.record({ base: value, deep: fc.record({ er: value }) }, { requiredKeys: [] }),
});

/** What the pipeline asks: the call is covered, and a permission that covers it pins nothing or this definition. */
function allows(list: readonly TaskPermission[], asked: CoveredCall & { readonly digest: string }): boolean {
  const task = { permissions: list };
  return covers(task, asked) && pinsOf(task, asked).some((pin) => pin === undefined || pin === asked.digest);
}

test('an intersection allows no call that either side does not allow', () => {
  fc.assert(
    fc.property(permissions, permissions, call, (one, other, asked) => {
      if (!allows(intersect(one, other), asked)) return;
      assert.ok(allows(one, asked));
      assert.ok(allows(other, asked));
    }),
    { numRuns: 3000 },
  );
});

test('an intersection of single permissions allows every call that both sides allow', () => {
  let allowed = 0;
  fc.assert(
    fc.property(permission, permission, call, (one, other, asked) => {
      if (!allows([one], asked) || !allows([other], asked)) return;
      allowed += 1;
      assert.ok(allows(intersect([one], [other]), asked));
    }),
    { numRuns: 3000 },
  );
  assert.ok(allowed > 50, `only ${allowed} of the random calls were allowed by both`);
});

test('an intersection is narrower than each of its sides', () => {
  fc.assert(
    fc.property(permissions, permissions, (one, other) => {
      assert.deepEqual(outsideOf(intersect(one, other), one), []);
      assert.deepEqual(outsideOf(intersect(one, other), other), []);
    }),
  );
});

test('whatever a narrower task allows, its parent allows', () => {
  let narrower = 0;
  fc.assert(
    fc.property(extent, extent, call, (child, parent, asked) => {
      if (!isNarrower(child, parent)) return;
      narrower += 1;
      if (allows(child.permissions, asked)) assert.ok(allows(parent.permissions, asked));
      assert.ok(child.notAfter <= parent.notAfter);
      assert.ok((child.budget.calls ?? Infinity) <= (parent.budget.calls ?? Infinity));
    }),
    { numRuns: 5000 },
  );
  assert.ok(narrower > 50, `only ${narrower} of the random pairs were narrower`);
});

test('being narrower is transitive, and every task is narrower than itself', () => {
  const third = fc.tuple(extent, extent, extent);
  fc.assert(
    fc.property(third, ([first, one, two]) => {
      assert.ok(isNarrower(first, first));
      const second = { ...one, permissions: intersect(first.permissions, one.permissions) };
      const last = { ...two, permissions: intersect(second.permissions, two.permissions) };
      if (isNarrower(last, second) && isNarrower(second, first)) assert.ok(isNarrower(last, first));
    }),
    { numRuns: 3000 },
  );
});

test('a child that leaves a pin or a constraint of its parent out is wider', () => {
  const parent = {
    actions: ['a:x'],
    digests: { 'a:x': digests[0] as string },
    constraints: { 'args.base': ['main'] },
  };
  assert.deepEqual(outsideOf([parent], [parent]), []);
  assert.deepEqual(outsideOf([{ ...parent, digests: {} }], [parent]), ['a:x']);
  assert.deepEqual(outsideOf([{ ...parent, constraints: {} }], [parent]), ['a:x']);
  assert.deepEqual(outsideOf([{ ...parent, constraints: { 'args.base': ['main', 'dev'] } }], [parent]), [
    'a:x',
  ]);
  assert.deepEqual(outsideOf([{ ...parent, actions: ['a:*'] }], [parent]), ['a:*']);
});

test('nothing is left of an action that two sides pin to different definitions', () => {
  const pinned = (digest: string): TaskPermission => ({ actions: ['a:*'], digests: { 'a:x': digest } });
  const left = intersect([pinned('sha-256:one')], [pinned('sha-256:two')]);
  const asked = { action: 'a:x', resource: { id: 'r', tags: {} }, args: {} };
  for (const digest of ['sha-256:one', 'sha-256:two']) assert.ok(!allows(left, { ...asked, digest }));
  assert.ok(allows(left, { ...asked, action: 'a:z', digest: 'sha-256:one' }));
});

test('the smaller budget keeps the limit that only one side has', () => {
  assert.deepEqual(smallerBudget({ calls: 3 }, { calls: 2, bytes: 9 }), { calls: 2, bytes: 9 });
  assert.deepEqual(smallerBudget({}, {}), {});
});
