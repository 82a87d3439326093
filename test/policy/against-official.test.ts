import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { authorizeOnce, type OracleAnswer } from '../../src/policy/cedar/engine.ts';
import { oracleRequest } from '../../src/policy/cedar/oracle-request.ts';
import { asOfficial, sameAnswer } from '../../src/policy/comparison.ts';
import { compiledEvaluator, type NumberedPolicy, readPolicies } from './support/evaluator.ts';
import { policySet, question, type RandomQuestion } from './support/random-cedar.ts';

/** How many sets of policies are tried, with four questions each. */
const sets = Number(process.env['POLICY_CASES'] ?? 3000) / 4;

test('decides random questions under random policies as the official engine does', (t) => {
  const seen = { allow: 0, deny: 0, errors: 0 };
  const property = fc.property(
    policySet,
    fc.array(question, { minLength: 4, maxLength: 4 }),
    (text, questions) => {
      const policies = readPolicies(text);
      const evaluate = compiledEvaluator(policies);
      for (const each of questions) {
        const compiled = asOfficial(evaluate(each.query));
        const official = officialAnswer(policies, each);
        seen[official.decision] += 1;
        seen.errors += official.errors.length > 0 ? 1 : 0;
        assert.ok(sameAnswer(compiled, official), `${JSON.stringify({ compiled, official })}\n${text}`);
      }
    },
  );
  fc.assert(property, { numRuns: Math.ceil(sets) });
  t.diagnostic(
    `${seen.allow + seen.deny} comparisons: ${seen.allow} allowed, ${seen.deny} denied, ${seen.errors} with errors`,
  );
  assert.ok(Math.min(seen.allow, seen.deny, seen.errors) > sets / 10, `one-sided: ${JSON.stringify(seen)}`);
});

function officialAnswer(
  policies: readonly NumberedPolicy[],
  { query, entities }: RandomQuestion,
): OracleAnswer {
  return authorizeOnce(
    oracleRequest(query, entities),
    Object.fromEntries(policies.map(({ id, text }) => [id, text])),
  );
}
