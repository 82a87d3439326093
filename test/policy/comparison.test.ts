import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonValue } from '../../src/model/json.ts';
import { createAccessQuery } from '../../src/policy/access-query.ts';
import type { Verdict } from '../../src/policy/cedar/evaluate.ts';
import { createComparison, type Difference } from '../../src/policy/comparison.ts';
import { createPolicy } from '../../src/policy/create-policy.ts';
import { createLocalClock } from '../../src/policy/local-time.ts';
import { request } from './support/requests.ts';

const query = createAccessQuery({ zone: 'UTC', localTime: createLocalClock('UTC') });
const all = { all: 'permit (principal, action, resource);' };
const permitted: Verdict = { permits: ['all'], forbids: [], faults: [] };
const wrong: Verdict = { permits: [], forbids: [], faults: [] };

function comparison(every: number): {
  readonly compare: ReturnType<typeof createComparison>;
  readonly differences: Difference[];
  readonly tasks: (() => void)[];
} {
  const differences: Difference[] = [];
  const tasks: (() => void)[] = [];
  const compare = createComparison({
    policies: all,
    every,
    onDifference: (difference) => differences.push(difference),
    later: (task) => tasks.push(task),
  });
  return { compare, differences, tasks };
}

test('compares one decision of so many, later', () => {
  const { compare, tasks } = comparison(3);
  for (let n = 0; n < 9; n += 1) {
    compare.sample(query(request()), permitted);
    assert.equal(tasks.length, Math.floor(n / 3) + 1);
    if (n % 3 === 2) tasks.at(-1)?.();
  }
  assert.equal(compare.differed(), false);
});

test('lets one comparison wait at most', () => {
  const { compare, tasks } = comparison(1);
  compare.sample(query(request()), permitted);
  compare.sample(query(request()), permitted);
  assert.equal(tasks.length, 1);
});

test('reports the first difference once and stays broken', () => {
  const { compare, differences, tasks } = comparison(1);
  compare.sample(query(request()), wrong);
  tasks.pop()?.();
  assert.equal(compare.differed(), true);
  compare.sample(query(request()), wrong);
  tasks.pop()?.();
  assert.equal(differences.length, 1);
  assert.deepEqual(differences[0]?.compiled.decision, 'deny');
  assert.deepEqual(differences[0]?.official, { decision: 'allow', reason: ['all'], errors: [] });
});

test('denies everything and lists nothing from the first difference on', () => {
  const tasks: (() => void)[] = [];
  const heard: Difference[] = [];
  const policy = createPolicy({
    sources: [{ name: 'x', text: 'permit (principal, action, resource) when { context.arguments == {} };' }],
    timezone: 'UTC',
    sample: 1,
    later: (task) => tasks.push(task),
    onDifference: (difference) => heard.push(difference),
  });
  // Arguments that change behind the engine's back stand for an evaluator that is wrong.
  const args: Record<string, number> = {};
  assert.equal(policy.decide(request({ args })).effect, 'permit');
  args['late'] = 1;
  tasks.pop()?.();
  assert.equal(heard.length, 1);
  assert.equal(heard[0]?.action, 'Action::"github:create_pr"');
  assert.ok(!JSON.stringify(heard).includes('late'), 'arguments may hold secrets');
  const { effect, errors } = policy.decide(request({ args: {} }));
  assert.equal(effect, 'deny');
  assert.match(errors.join(), /differed/);
  assert.equal(policy.couldPermit(request()), false);
});

test('two live sets of policies do not disturb each other in the official engine', () => {
  const permit = comparison(1);
  const tasks: (() => void)[] = [];
  const none = createComparison({
    policies: {},
    every: 1,
    onDifference: () => assert.fail('no difference'),
    later: (task) => tasks.push(task),
  });
  for (let n = 0; n < 3; n += 1) {
    permit.compare.sample(query(request()), permitted);
    permit.tasks.pop()?.();
    none.sample(query(request()), wrong);
    tasks.pop()?.();
  }
  assert.equal(permit.compare.differed(), false);
});

/** Conditions that read all there is, so that a request which one engine reads otherwise shows. */
const text = `
permit (principal, action, resource) when { context == context };
permit (principal, action, resource) when { context.arguments has a && context.arguments.a == context.user.claims };
permit (principal, action, resource) when { context.arguments has a.b && [context.arguments.a.b].contains(1) };
forbid (principal, action in Action::"slack:*", resource) when { context.arguments.a.b like "*" };
forbid (principal, action, resource) when { context.arguments has "__proto__" || context.arguments has a.__entity };
permit (principal, action, resource) when { context.arguments has s && context.arguments.s.containsAny([1, "1", true, decimal("0.5")]) };
permit (principal, action, resource) when { context.time.hour < 12 || context.instant < datetime("2000-01-01") };
permit (principal in Agent::"x", action, resource in Server::"github") when { resource.getTag("project") like "*" };`;

const json: fc.Arbitrary<JsonValue> = fc
  .jsonValue({ depthSize: 'large', stringUnit: 'binary' })
  .map((value) => value as JsonValue);

test('whatever a client sends, both engines read the same request', (t) => {
  const runs = Number(process.env['POLICY_CASES'] ?? 2000);
  const policy = createPolicy({
    sources: [{ name: 'x', text }],
    timezone: 'Europe/Berlin',
    sample: 1,
    later: (task) => task(),
    onDifference: (difference) => assert.fail(JSON.stringify(difference)),
  });
  const member = fc.constantFrom(
    'a',
    'b',
    's',
    '__proto__',
    '__entity',
    '__extn',
    '__expr',
    'type',
    'id',
    'fn',
    'arg',
    '',
  );
  const cunning = fc.constantFrom<JsonValue>(
    { __entity: { type: 'User', id: 'x' } },
    { __extn: { fn: 'ip', arg: 'nonsense' } },
    { __expr: 'context' },
    { fn: 'decimal', arg: '0.5' },
    0.5,
    -0,
    1e-7,
    1e300,
    2 ** 53,
    -(2 ** 53) + 1,
    [1, '1', true],
    nested(200),
    'a\ud800',
  );
  const argument = fc.dictionary(
    member,
    fc.oneof(json, cunning, fc.dictionary(member, fc.oneof(json, cunning))),
    { maxKeys: 5 },
  );
  const peers = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.constantFrom('', '::ffff:10.0.0.1', 'fe80::1%lo', '/run/x.sock'),
  );
  const property = fc.property(
    argument,
    argument,
    peers,
    fc.integer({ min: -1e13, max: 1e14 }),
    (args, claims, peer, instant) => {
      const asked = request({ args: args as never, peer, user: { claims: claims as never } });
      policy.decide({ ...asked, environment: { peer, instant } });
    },
  );
  fc.assert(property, { numRuns: runs });
  t.diagnostic(`${runs} requests compared`);
  assert.equal(policy.decide(request()).errors.length, 0);
});

test('does not put arguments to the official engine on which a client could keep it busy', () => {
  const tasks: (() => void)[] = [];
  const policy = createPolicy({
    sources: [{ name: 'x', text: 'permit (principal, action, resource);' }],
    timezone: 'UTC',
    sample: 1,
    later: (task) => tasks.push(task),
  });
  const items = Array.from({ length: 50_000 }, (_, n) => ({ n }));
  for (const args of [{ items }, { text: 'x'.repeat(100_000) }, nestedObjects(2_000)]) {
    assert.equal(policy.decide(request({ args })).effect, 'permit');
  }
  assert.equal(tasks.length, 0);
  policy.decide(request({ args: { items: items.slice(0, 100) } }));
  assert.equal(tasks.length, 1);
});

test('an argument that Cedar cannot hold exactly is no difference', () => {
  const { compare, differences, tasks } = comparison(1);
  compare.sample(query(request({ args: { huge: 1e30 } })), permitted);
  tasks.pop()?.();
  assert.equal(compare.differed(), false);
  assert.equal(differences.length, 0);
});

function nestedObjects(count: number): { readonly [name: string]: JsonValue } {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, { n }]));
}

function nested(levels: number): JsonValue {
  return levels === 0 ? 1 : [nested(levels - 1)];
}
