import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { deadCodePlants, lintPlants, type Plant, roomPlants, typedLintPlants, typePlants } from './plants.ts';
import { repository, runChecker, temporaryProject } from './temporary-project.ts';

const clean = {
  'src/model/clean.ts': 'export const clean = 1;\nexport type Plant = string;\n',
  'src/index.ts': "export { clean, type Plant } from './model/clean.ts';\n",
};

const filesOf = (plants: readonly Plant[]): Record<string, string> =>
  Object.fromEntries([...Object.entries(clean), ...plants.map(({ file, text }) => [file, text])]);

/** Asserts that some line of the report names the plant's file together with its rule. */
function assertReported(output: string, plants: readonly Plant[]): void {
  const lines = output.split('\n');
  const missed = plants.filter(
    ({ file, rule }) => !lines.some((line) => line.includes(file) && line.includes(rule)),
  );
  assert.deepEqual(
    missed.map(({ file, rule }) => `${file} ${rule}`),
    [],
    output,
  );
}

async function assertChecker(
  t: TestContext,
  name: string,
  plants: readonly Plant[],
  more: readonly string[] = [],
): Promise<void> {
  const ended = await runChecker(name, temporaryProject(t, filesOf(plants)), more);
  assert.equal(ended.code === 0, false, `the ${name} check passed over planted faults`);
  assertReported(ended.output, plants);
  assert.equal(ended.output.includes('clean.ts('), false, 'a clean file was reported');
}

test('the compiler reports a fault for every strict flag', (t) =>
  assertChecker(t, 'tsc', typePlants, ['--pretty', 'false']));

test('biome reports every broken limit and ban of the style guide', (t) =>
  assertChecker(t, 'biome', lintPlants, ['--reporter=github', '--max-diagnostics=none']));

test('oxlint reports a fault for every type-aware rule', (t) =>
  assertChecker(t, 'oxlint', typedLintPlants, ['--format=unix']));

test('the house check reports every way to break the import rule, and a suppression without a reason', (t) =>
  assertChecker(t, 'house', roomPlants));

test('knip reports unused files, exports, types and packages, and undeclared packages', async (t) => {
  const root = temporaryProject(t, {
    ...filesOf(deadCodePlants),
    'package.json': JSON.stringify({ ...manifest, dependencies: { yaml: '2.9.1' } }),
    'src/index.ts':
      "import { c } from './control/unlisted.ts';\nimport { a } from './model/half.ts';\n" +
      "import type { A } from './model/half-types.ts';\n\nexport const d: A = a;\nexport const e = c;\n",
  });
  const { code, output } = await runChecker('knip', root);
  assert.equal(code, 1, output);
  for (const { file, rule } of deadCodePlants)
    assert.match(sectionOf(output, rule), new RegExp(file), output);
  assert.match(sectionOf(output, 'Unused dependencies'), /^yaml /m, output);
});

/** The lines below a heading of knip's report, up to the next heading. */
const sectionOf = (output: string, heading: string): string =>
  output.split(/^(?=[A-Z].*\(\d+\)$)/m).find((section) => section.startsWith(`${heading} (`)) ?? '';

const manifest = { name: 'planted', version: '1.0.0', private: true, type: 'module' };

for (const name of ['tsc', 'biome', 'oxlint', 'house', 'knip'])
  test(`${name} passes a clean project, so its reports above mean something`, async (t) => {
    const root = temporaryProject(t, { ...clean, 'package.json': `${JSON.stringify(manifest, null, 2)}\n` });
    const { code, output } = await runChecker(name, root);
    assert.equal(code, 0, output);
  });

type Rules = Readonly<Record<string, unknown>>;
const configuration = (file: string): Rules =>
  JSON.parse(readFileSync(join(repository, file), 'utf8')) as Rules;

test('every rule that oxlint is told to enforce has a planted fault', () => {
  const planted = typedLintPlants.map(({ rule }) => rule.replace('(', '/').replace(')', ''));
  assert.deepEqual(
    planted.toSorted(),
    Object.keys(configuration('.oxlintrc.json')['rules'] as Rules).toSorted(),
  );
});

test('every rule that biome is told to enforce beyond its preset has a planted fault', () => {
  const groups = (configuration('biome.json')['linter'] as { rules: Rules }).rules;
  const enforced = Object.entries(groups)
    .filter(([group]) => group !== 'preset')
    .flatMap(([group, rules]) =>
      Object.entries(rules as Rules)
        .filter(([, level]) => level !== 'off')
        .map(([rule]) => `lint/${group}/${rule}`),
    );
  const planted = new Set(lintPlants.map(({ rule }) => rule));
  assert.deepEqual(
    enforced.filter((rule) => !planted.has(rule)),
    [],
  );
});

test('every strict flag of the compiler has a planted fault', () => {
  // Without `rewriteRelativeImportExtensions` the clean project above fails; the others forbid nothing.
  const harmless = [
    'rewriteRelativeImportExtensions',
    'target',
    'lib',
    'types',
    'noEmit',
    'declaration',
    'skipLibCheck',
    'isolatedModules',
  ];
  const flags = Object.keys(configuration('tsconfig.json')['compilerOptions'] as Rules);
  assert.deepEqual(
    flags.filter((flag) => !harmless.includes(flag)).toSorted(),
    typePlants.flatMap(({ flag }) => flag ?? []).toSorted(),
  );
});
