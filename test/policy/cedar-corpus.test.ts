import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { asOfficial, sameAnswer } from '../../src/policy/comparison.ts';
import { type CedarRequest, type CedarTest, parseExact, queriesOf } from './support/cedar-tests.ts';
import { compiledEvaluator, readPolicies } from './support/evaluator.ts';
import { readTar } from './support/tar.ts';

const root = join(import.meta.dirname, '../../../shared/data/cedar');
const absent = existsSync(root) ? false : `Cedar's published tests are not at ${root}`;
/** How many of the fuzzing corpus's files run: a spread sample, or `all`. */
const wanted = process.env['CEDAR_CORPUS'] ?? '1200';

test("agrees with every one of Cedar's hand-written tests", { skip: absent }, (t) => {
  const tests = globSync('tests/*/*.json', { cwd: root }).map((path) =>
    cedarTest(path, (name) => readFileSync(join(root, name), 'utf8')),
  );
  const { requests } = runAll(tests);
  t.diagnostic(`${tests.length} files, ${requests} requests`);
  assert.ok(tests.length >= 22 && requests >= 60, `only ${tests.length} files, ${requests} requests`);
});

test("agrees with Cedar's fuzzing corpus", { skip: absent }, (t) => {
  const files = readTar(gunzipSync(readFileSync(join(root, 'corpus-tests.tar.gz'))));
  const names = [...files.keys()].filter((name) => /^corpus-tests\/[0-9a-f]+\.json$/.test(name)).toSorted();
  const stride = wanted === 'all' ? 1 : Math.max(1, Math.floor(names.length / Number(wanted)));
  const chosen = names.filter((_, at) => at % stride === 0);
  const read = (name: string): string =>
    files.get(name)?.toString() ?? assert.fail(`no ${name} in the archive`);
  const { requests, allowed, erring } = runAll(chosen.map((name) => cedarTest(name, read)));
  t.diagnostic(
    `${chosen.length} of ${names.length} files, ${requests} requests, ${allowed} allowed, ${erring} with errors`,
  );
  assert.ok(requests > 1000 && allowed > 0 && erring > 0, 'the sample shows too little');
});

function cedarTest(name: string, read: (name: string) => string): CedarTest {
  const json = parseExact(read(name)) as Record<'policies' | 'schema' | 'entities', string> & {
    readonly requests: readonly CedarRequest[];
  };
  return {
    name,
    policies: read(json.policies),
    schema: read(json.schema),
    entities: read(json.entities),
    requests: json.requests,
  };
}

function runAll(tests: readonly CedarTest[]): { requests: number; allowed: number; erring: number } {
  const count = { requests: 0, allowed: 0, erring: 0 };
  for (const each of tests) {
    const evaluate = compiledEvaluator(readPolicies(each.policies));
    for (const { query, request } of queriesOf(each)) {
      const answer = asOfficial(evaluate(query));
      assert.ok(
        sameAnswer(answer, request),
        `${each.name}, ${request.description}: ${JSON.stringify(answer)} is not ${JSON.stringify([request.decision, request.reason, request.errors])}\n${each.policies}`,
      );
      count.requests += 1;
      count.allowed += request.decision === 'allow' ? 1 : 0;
      count.erring += request.errors.length > 0 ? 1 : 0;
    }
  }
  return count;
}
