import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Policy } from '../../src/pipeline/ports.ts';
import { createPolicy, type PolicyOptions } from '../../src/policy/create-policy.ts';
import { policyContract } from '../../src/testing/policy.ts';
import { request } from './support/requests.ts';

function policyOf(text: string, options: Partial<PolicyOptions> = {}): Policy {
  return createPolicy({ sources: [{ name: 'x.cedar', text }], timezone: 'UTC', sample: 0, ...options });
}

/** Decides with one permit for this condition. */
function permits(condition: string, changes: Parameters<typeof request>[0] = {}): boolean {
  const decision = policyOf(`permit (principal, action, resource) when { ${condition} };`).decide(
    request(changes),
  );
  assert.deepEqual(decision.errors, []);
  return decision.effect === 'permit';
}

policyContract('compiled Cedar', () => ({
  policy: policyOf(`
    @id("own") permit (principal, action, resource) when { context.arguments.owner == "ada" };`),
  permitted: request({ args: { owner: 'ada' } }),
  denied: request({ args: { owner: 'bob' } }),
}));

test('denies everything without policies', () => {
  assert.deepEqual(policyOf('').decide(request()), { effect: 'deny', policies: [], errors: [] });
  assert.equal(policyOf('').couldPermit(request()), false);
});

test('lets a forbid win over a permit and names it', () => {
  const policy = policyOf(`
    @id("all") permit (principal, action, resource);
    @id("no-blue") forbid (principal, action, resource) when { resource.hasTag("project") };`);
  assert.deepEqual(policy.decide(request()), { effect: 'deny', policies: ['no-blue'], errors: [] });
  assert.equal(policy.decide(request({ tags: {} })).effect, 'permit');
});

test('denies when a forbid errs, which Cedar would skip', () => {
  const policy = policyOf(`
    permit (principal, action, resource);
    @id("secrets") forbid (principal, action, resource) when { context.arguments.path like "*secret*" };`);
  const decision = policy.decide(request({ args: {} }));
  assert.deepEqual(decision, {
    effect: 'deny',
    policies: [],
    errors: ['secrets: the record has no attribute `path`'],
  });
  assert.equal(policy.decide(request({ args: { path: 'a' } })).effect, 'permit');
});

test('denies when a permit errs although another permits', () => {
  const policy = policyOf(`
    permit (principal, action, resource);
    permit (principal, action, resource) when { resource.getTag("owner") == "me" };`);
  const { effect, errors } = policy.decide(request());
  assert.equal(effect, 'deny');
  assert.match(errors.join(), /^x\.cedar#2: .*no tag `owner`$/);
});

test('names actions by tool, by server and by method', () => {
  const allowed = (action: string, changes = {}): boolean =>
    policyOf(`permit (principal, action ${action}, resource);`).decide(request(changes)).effect === 'permit';
  assert.ok(allowed('== Action::"github:create_pr"'));
  assert.ok(allowed('in Action::"github:*"'));
  assert.ok(allowed('in Action::"tools/call"'));
  assert.ok(allowed('in [Action::"slack:*", Action::"github:*"]'));
  assert.ok(!allowed('in Action::"slack:*"'));
  assert.ok(!allowed('in Action::"resources/read"'));
  assert.ok(allowed('in Action::"resources/read"', { method: 'resources/read' }));
  assert.ok(allowed('in Action::"github:*"', { method: 'resources/read' }));
  assert.ok(!allowed('in Action::"tools/call"', { method: 'resources/read' }));
});

test('denies a tool that took the name of another action', () => {
  const policy = policyOf('permit (principal, action, resource);');
  for (const tool of ['resources/read', '*']) {
    const { effect, errors } = policy.decide(request({ tool }));
    assert.equal(effect, 'deny');
    assert.match(errors.join(), /rename the tool/);
    assert.equal(policy.couldPermit(request({ tool })), false);
  }
});

test('gives policies the subject, the resource and the environment', () => {
  assert.ok(permits('principal == Agent::"spiffe://company.com/agent/code-refactor"'));
  assert.ok(permits('principal.id like "spiffe://company.com/agent/*"'));
  assert.ok(permits('context.user == User::"https://id.company.com#ada"'));
  assert.ok(permits('User::"https://id.company.com#ada".roles.contains("developer")'));
  assert.ok(permits('context.user.issuer == "https://id.company.com" && context.user.subject == "ada"'));
  assert.ok(permits('context.user.groups == ["platform"] && !(context.user has tenant)'));
  assert.ok(permits('context.user.tenant == "acme"', { user: { tenant: 'acme' } }));
  assert.ok(permits('context.user.claims.level == 3', { user: { claims: { level: 3 } } }));
  assert.ok(permits('resource == Resource::"github:acme/blue-app" && resource in Server::"github"'));
  assert.ok(
    permits('resource.kind == "tool" && resource.name == "create_pr" && resource.server.id == "github"'),
  );
  assert.ok(permits('context.scopes.contains("mcp") && context.device.managed && !(context.device has id)'));
  assert.ok(permits('context.instant == datetime("2026-06-10T10:00:00Z")'));
  assert.ok(
    permits(
      'context.time == {hour: 10, minute: 0, minute_of_day: 600, weekday: "wednesday", date: "2026-06-10", zone: "UTC"}',
    ),
  );
  assert.ok(permits('context.network.peer.isInRange(ip("192.0.2.0/24"))'));
  assert.ok(permits('context.network.peer == ip("192.0.2.7")', { peer: '::ffff:192.0.2.7' }));
  assert.ok(permits('context.network.peer == ip("fe80::1")', { peer: 'fe80::1%eth0' }));
  assert.ok(permits('!(context.network has peer)', { peer: 'pipe' }));
  assert.ok(permits('context has arguments', { args: undefined }));
});

test('gives policies the arguments, and denies where one reads what Cedar cannot hold exactly', () => {
  const args = {
    n: 7,
    price: 9.99,
    list: ['a', 'b', 'a'],
    nested: { deep: [1, { x: true }] },
    gone: null,
    tiny: 0.00001,
    huge: 1e20,
    partly: ['a', null],
    broken: 'a\ud800',
    raw: (JSON as unknown as { rawJSON: (text: string) => never }).rawJSON('9007199254740993'),
    entity: { __entity: { type: 'User', id: 'root' } },
  };
  assert.ok(permits('context.arguments.n == 7 && context.arguments.price == decimal("9.99")', { args }));
  assert.ok(permits('context.arguments.list == ["b", "a"]', { args }));
  assert.ok(permits('context.arguments.nested == {deep: [{x: true}, 1]}', { args }));
  for (const absent of ['gone', 'toString', '__proto__']) {
    assert.ok(permits(`!(context.arguments has "${absent}")`, { args }), absent);
  }
  for (const inexact of ['tiny', 'huge', 'partly', 'broken', 'raw']) {
    const { effect, errors } = policyOf(
      `permit (principal, action, resource); forbid (principal, action, resource)
       when { context.arguments has ${inexact} && context.arguments.${inexact} == 100 };`,
    ).decide(request({ args }));
    assert.equal(effect, 'deny', inexact);
    assert.match(errors.join(), /cannot hold exactly/);
  }
  assert.ok(permits('context.arguments.entity == {}', { args }));
});

test('denies a call whose resource the arguments do not name plainly', () => {
  const { effect, errors } = policyOf('permit (principal, action, resource);').decide(
    request({ open: true }),
  );
  assert.equal(effect, 'deny');
  assert.match(errors.join(), /not all known/);
});

test('denies a request with a name that is no Unicode', () => {
  const policy = policyOf('permit (principal, action, resource);');
  for (const changes of [{ agent: 'a\ud800' }, { resource: 'github:\udc00' }, { tags: { a: '\ud800' } }]) {
    assert.match(policy.decide(request(changes)).errors.join(), /not valid Unicode/);
  }
});

test('refuses an unknown time zone with the mend', () => {
  assert.throws(
    () => policyOf('', { timezone: 'Mars/Base' }),
    /`Mars\/Base` is not a time zone.*`Europe\/Berlin`/,
  );
});

test('refuses bad policies with one error that names every place', () => {
  const text = '\npermit (principal, action, resource)\nwhen { context.user.rols.contains("a") };';
  assert.throws(() => policyOf(text), {
    name: 'PolicyProblems',
    message: 'x.cedar:3:21: unknown attribute `context.user.rols`, did you mean `context.user.roles`?',
  });
});

test('gives policies the claims, and leaves out what Cedar cannot hold exactly', () => {
  const user = { claims: { tiny: 0.00001, n: 7 } };
  assert.ok(permits('!(context.user.claims has tiny) && context.user.claims.n == 7', { user }));
});
