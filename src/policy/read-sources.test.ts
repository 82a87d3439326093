import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemText } from './problem.ts';
import { checkPolicies, readSources } from './read-sources.ts';

function problems(...texts: readonly string[]): readonly string[] {
  return checkPolicies(texts.map((text, at) => ({ name: `${at}.cedar`, text }))).map(problemText);
}

function of(condition: string): readonly string[] {
  return problems(`permit (principal, action, resource) when { ${condition} };`);
}

test('finds nothing wrong with good policies', () => {
  assert.deepEqual(problems('', '// only a comment', 'permit (principal, action, resource); // end'), []);
});

test('places a parse error by line and column, whatever characters stand before it', () => {
  const text = '// größer 😀\n@id("é😀") permit (principal, action, resource)\nwhen { "😀" == };';
  const [problem] = problems(text);
  assert.match(problem ?? '', /^0\.cedar:3:16: unexpected token `}`: expected /);
});

test('reports each wrong method and function of a file', () => {
  const found = problems(
    'permit (principal, action, resource) when { ip("1.1.1.1").foo() };\npermit (principal, action, resource) when { iq("1") };',
  );
  assert.deepEqual(found, [
    '0.cedar:1:45: `foo` is not a valid method',
    '0.cedar:2:45: `iq` is not a valid function: did you mean `ip`?',
  ]);
});

test('refuses an id that is taken, across files, and says by which', () => {
  const policy = '@id("same")\npermit (principal, action, resource);';
  assert.deepEqual(problems(policy, `\n${policy}`), [
    '1.cedar:2:1: the id `same` is taken by 0.cedar:1: give this policy another `@id`',
  ]);
});

test('refuses a template', () => {
  const [problem] = problems(
    'permit (principal, action, resource);\npermit (principal == ?principal, action, resource);',
  );
  assert.match(
    problem ?? '',
    /^0\.cedar:2:1: a template whose slot is linked to nothing never applies: write the entity/,
  );
});

test('refuses a file that is no Unicode', () => {
  assert.deepEqual(problems('// \ud800'), ['0.cedar:1:1: the file is not valid Unicode: save it as UTF-8']);
});

test('refuses attributes that no request has, and says which was meant', () => {
  assert.match(
    of('context.tim.hour > 9').join(),
    /:1:53: unknown attribute `context\.tim`, did you mean `context\.time`\?/,
  );
  assert.match(
    of('context.time.hours > 9').join(),
    /`context\.time\.hours`, did you mean `context\.time\.hour`\?/,
  );
  assert.match(of('principal.agentId == ""').join(), /`principal\.agentId`, it has `id`/);
  assert.match(
    of('resource has sever').join(),
    /1:58: unknown attribute `resource\.sever`, did you mean `resource\.server`\?/,
  );
  assert.match(of('context["usr"] == 1').join(), /did you mean `context\.user`\?/);
  assert.match(
    of('User::"a".role.contains("x")').join(),
    /unknown attribute `User\.role`, did you mean `User\.roles`\?/,
  );
});

test('accepts any attribute of the arguments and the claims', () => {
  assert.deepEqual(of('context.arguments.what.ever == 1 && context.user.claims.any has thing'), []);
});

test('refuses entity types and actions that no request has', () => {
  assert.match(
    problems('permit (principal == Agnt::"a", action, resource);').join(),
    /0\.cedar:1:22: unknown entity type `Agnt`, did you mean `Agent`\?/,
  );
  assert.match(of('principal is Team::Agent').join(), /1:58: unknown entity type `Team::Agent`/);
  assert.match(
    problems('permit (principal, action == Action::"github.create_pr", resource);').join(),
    /1:30: no action can be `Action::"github\.create_pr"`: write `server:tool`, `server:\*`/,
  );
  assert.match(
    problems('permit (principal, action in [Action::"tool/call"], resource);').join(),
    /did you mean `tools\/call`\?/,
  );
});

test('splits statements at semicolons outside strings and comments only', () => {
  const text =
    '// a; b\n@id("x;y") permit (principal, action, resource) when { "\\";" like "*;//" };\nforbid (principal, action, resource);';
  const { policies, problems: found } = readSources([{ name: 'x', text }]);
  assert.deepEqual(found, []);
  assert.deepEqual(
    policies.map(({ id, effect }) => [id, effect]),
    [
      ['x;y', 'permit'],
      ['x#2', 'forbid'],
    ],
  );
});
