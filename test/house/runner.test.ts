import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runNode } from '../../tools/house/step.ts';
import { repository, temporaryProject } from './temporary-project.ts';

const open = "import { test } from 'node:test';\n";

/** Runs `npm test -- planted` on a project that holds one test file, and returns its output and its last line. */
async function runnerOn(
  t: TestContext,
  text: string,
): Promise<{
  readonly code: number | undefined;
  readonly output: string;
  readonly last: string | undefined;
}> {
  const root = temporaryProject(t, { 'test/planted.test.ts': text });
  const { code, output } = await runNode([join(repository, 'tools/test.ts'), 'planted'], root, 30_000);
  return { code, output, last: output.trimEnd().split('\n').at(-1) };
}

test('the runner counts passed tests and exits 0', async (t) => {
  const { code, last } = await runnerOn(t, `${open}test('a', () => {});\ntest('b', () => {});\n`);
  assert.deepEqual({ code, last }, { code: 0, last: '2 passed, 0 failed' });
});

test('the runner counts a failed test, shows its output and exits 1', async (t) => {
  const text = `${open}test('a', () => {});\ntest('b', () => {\n  throw new Error('the reason');\n});\n`;
  const { code, output, last } = await runnerOn(t, text);
  assert.deepEqual({ code, last }, { code: 1, last: '1 passed, 1 failed' });
  assert.match(output, /the reason/);
});

test('the runner lists a skipped test with its reason and counts it as neither', async (t) => {
  const text = `${open}test('a', () => {});\ntest('b', { skip: 'no network' }, () => {});\n`;
  const { output, last } = await runnerOn(t, text);
  assert.equal(last, '1 passed, 0 failed');
  assert.match(output, /skipped {2}test\/planted\.test\.ts: b \(no network\)/);
});

test('the runner adds up files that run side by side', async (t) => {
  const text = `${open}test('a', async () => {\n  await new Promise((done) => setTimeout(done, 100));\n});\n`;
  const files = ['a', 'b', 'c', 'd'].map((name) => [`test/planted-${name}.test.ts`, text]);
  const root = temporaryProject(t, Object.fromEntries(files) as Record<string, string>);
  const { output } = await runNode([join(repository, 'tools/test.ts'), 'planted'], root, 30_000);
  assert.match(output, /^4 passed, 0 failed$/m, output);
});

const neverAPass: Readonly<Record<string, string>> = {
  'holds no test': 'export const a = 1;\n',
  'cannot be loaded': "import './missing.ts';\n",
  'exits 0 before its tests ran': `${open}test('a', () => {});\nprocess.exit(0);\n`,
  'fails in a hook': `import { before } from 'node:test';\n${open}before(() => {\n  throw new Error('hook');\n});\ntest('a', () => {});\n`,
  'throws after its tests ended': `${open}test('a', () => {});\nsetTimeout(() => {\n  throw new Error('late');\n}, 200);\n`,
  'fails and claims to have passed':
    `${open}console.log('9 passed, 0 failed');\nconsole.log('{"kind":"counts","passed":9,"failed":0}');\n` +
    "test('a', () => {\n  throw new Error('no');\n});\n",
};

for (const [what, text] of Object.entries(neverAPass))
  test(`the runner fails a file that ${what}`, async (t) => {
    const { code, output, last } = await runnerOn(t, text);
    assert.equal(code, 1, output);
    assert.match(last ?? '', /^\d+ passed, [1-9]\d* failed$/, output);
  });

test('the runner cuts off a file that never ends, and says so', async (t) => {
  const root = temporaryProject(t, {
    'test/planted.test.ts': `${open}test('a', () => {});\nsetInterval(() => {}, 1_000);\n`,
  });
  const driver = `process.env.TEST_FILE_LIMIT_S = '2';
    process.argv.push('planted');
    await import(${JSON.stringify(join(repository, 'tools/test.ts'))});`;
  const { code, output } = await runNode(['--input-type=module', '-e', driver], root, 30_000);
  assert.equal(code, 1, output);
  assert.match(output, /cut off after 2 s/);
});
