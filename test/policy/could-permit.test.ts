import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AccessRequest } from '../../src/model/decision.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { createPolicy } from '../../src/policy/create-policy.ts';
import { createTagger } from '../../src/policy/tagger.ts';
import { request, serverId } from './support/requests.ts';

type Text = fc.Arbitrary<string>;

const picked = (...texts: readonly string[]): Text => fc.constantFrom(...texts);

/** Conditions over arguments, resource and tags, mixed with others. */
const { condition } = fc.letrec<{ condition: string; value: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    picked(
      'true',
      'false',
      'context.user.roles.contains("developer")',
      'context.arguments has repo',
      'context.arguments.force',
      'context.arguments.size > 3',
      'context.arguments has size && context.arguments.size > 3',
      'context.arguments.repo like "acme/*"',
      'context.arguments == {repo: "acme/blue"}',
      'context has arguments',
      'context.user.claims.absent == 1',
      'resource.hasTag("project")',
      'resource.getTag("project") == "blue"',
      'resource.hasTag("project") && resource.getTag("project") == "blue"',
      'resource.getTag("zone") == "eu"',
      'resource == Resource::"github:acme/blue"',
      'resource in Server::"github"',
      'resource in Server::"slack"',
      'resource in [Server::"slack", Resource::"github:acme/red"]',
      'resource in context.user',
      'resource is Resource',
      'resource is Server in Server::"github"',
      'resource.id like "*blue"',
      'resource.kind == "tool"',
      'resource.name == "create_pr"',
      'resource has id',
      'resource.server in Server::"github"',
      'context.time.hour < 17',
      '1',
      '9223372036854775807 + 1 > 0',
    ),
    tie('condition').map((a) => `!(${a})`),
    fc
      .tuple(tie('condition'), picked('&&', '||', '=='), tie('condition'))
      .map(([a, op, b]) => `(${a}) ${op} (${b})`),
    fc
      .tuple(tie('condition'), tie('condition'), tie('condition'))
      .map(([a, b, c]) => `if ${a} then ${b} else ${c}`),
    fc.tuple(tie('value'), tie('value')).map(([a, b]) => `${a} == ${b}`),
    fc.tuple(tie('value'), tie('value')).map(([a, b]) => `[${a}, ${b}].contains(${b})`),
  ),
  value: fc.oneof(
    { maxDepth: 2 },
    picked(
      '1',
      '"blue"',
      'context',
      'context.arguments',
      'resource',
      'context.arguments.repo',
      'resource.id',
      '{a: resource}.a',
    ),
    fc
      .tuple(tie('condition'), tie('value'))
      .map(([a, b]) => `(if ${a} then ${b} else context.arguments.size)`),
  ),
}));

const policies = fc
  .array(
    fc
      .tuple(
        picked('permit', 'permit', 'forbid'),
        picked(
          'resource',
          'resource',
          'resource',
          'resource == Resource::"github:acme/blue"',
          'resource in Server::"github"',
        ),
        picked('when', 'unless'),
        condition as Text,
      )
      .map(
        ([effect, resource, kind, body]) => `${effect} (principal, action, ${resource}) ${kind} { ${body} };`,
      ),
    { minLength: 1, maxLength: 3 },
  )
  .map((all) => all.join('\n'));

const args: fc.Arbitrary<JsonObject> = fc.record(
  {
    repo: fc.constantFrom('acme/blue', 'acme/red', 'other', 'acme/../acme/blue', 5),
    size: fc.constantFrom(1, 4, 1.5, 'big'),
    force: fc.boolean(),
  },
  { requiredKeys: [] },
);

const taggers = [
  createTagger({
    tools: { 'github:create_pr': { resource: '/repo', tags: { zone: 'eu' } } },
    resources: { 'github:acme/blue': { project: 'blue' }, 'github:acme/*': { project: 'red' } },
  }),
  createTagger({ servers: { github: { project: 'blue' } } }),
];

test('a list shows every tool that some arguments are permitted for', (t) => {
  const seen = { permitted: 0, hidden: 0, shown: 0 };
  const runs = Number(process.env['POLICY_CASES'] ?? 2000);
  const property = fc.property(
    policies,
    fc.array(args, { minLength: 6, maxLength: 6 }),
    fc.constantFrom(...taggers),
    fc.constantFrom<readonly string[]>(['developer'], []),
    (text, calls, tagger, roles) => {
      const policy = createPolicy({ sources: [{ name: 'x', text }], timezone: 'UTC', sample: 0 });
      const asked = (given: JsonObject | undefined): AccessRequest => {
        const primitive = { server: serverId('github'), kind: 'tool', name: 'create_pr' } as const;
        return { ...request({ roles }), resource: tagger.resource(primitive, given), args: given };
      };
      const permitted = calls.filter((call) => policy.decide(asked(call)).effect === 'permit');
      const shown = policy.couldPermit(asked(undefined));
      seen.permitted += permitted.length > 0 ? 1 : 0;
      seen[shown ? 'shown' : 'hidden'] += 1;
      assert.ok(shown || permitted.length === 0, `hidden, but permitted for ${JSON.stringify(permitted)}`);
    },
  );
  fc.assert(property, { numRuns: runs });
  t.diagnostic(
    `${runs} sets of policies: ${seen.shown} shown, ${seen.hidden} hidden, ${seen.permitted} permitted for a tried call`,
  );
  assert.ok(Math.min(seen.permitted, seen.hidden) > runs / 20, `one-sided: ${JSON.stringify(seen)}`);
});

/** What a list shows with one permit and perhaps a forbid, for a tool whose resource its arguments name. */
function shows(...texts: readonly string[]): boolean {
  const policy = createPolicy({
    sources: [{ name: 'x', text: texts.join('\n') }],
    timezone: 'UTC',
    sample: 0,
  });
  return policy.couldPermit(request({ args: undefined, open: true, tags: {} }));
}

const all = 'permit (principal, action, resource);';

test('hides a tool that no arguments can make permitted', () => {
  assert.equal(
    shows('permit (principal, action, resource) when { context.arguments.n > 1 && context.time.hour > 20 };'),
    false,
  );
  assert.equal(
    shows('permit (principal, action, resource) when { context.time.hour > 20 && context.arguments.n > 1 };'),
    false,
  );
  assert.equal(shows('permit (principal, action, resource in Server::"slack");'), false);
  assert.equal(
    shows(all, 'forbid (principal, action, resource) when { context.arguments.n > 1 || true };'),
    false,
  );
  assert.equal(
    shows(all, 'forbid (principal, action, resource) unless { context.arguments.n > 1 && false };'),
    false,
  );
});

test('hides a tool where a policy errs for every arguments', () => {
  assert.equal(
    shows(all, 'forbid (principal, action, resource) when { context.user.claims.x == 1 };'),
    false,
  );
  assert.equal(
    shows(all, 'permit (principal, action, resource) when { context.arguments.n + "a" == 1 };'),
    true,
  );
});

test('shows a tool that some arguments could make permitted', () => {
  assert.equal(shows('permit (principal, action, resource) when { context.arguments.n > 1 };'), true);
  assert.equal(shows('permit (principal, action, resource == Resource::"github:acme/blue");'), true);
  assert.equal(shows(all, 'forbid (principal, action, resource) when { context.arguments.n > 1 };'), true);
  assert.equal(shows(all, 'forbid (principal, action, resource) when { resource.hasTag("secret") };'), true);
});
