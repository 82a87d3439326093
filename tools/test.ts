import { join, relative } from 'node:path';
import { runTestFiles } from './house/run-test-files.ts';
import { sourcesUnder } from './house/sources.ts';
import { runStaticChecks } from './house/static-checks.ts';
import { add, close, nothing } from './house/tally.ts';

/**
 * `npm test`: the static checks, then every test. `npm test -- pipeline wire/json` runs only the test files whose
 * path contains one of the words, and no static check.
 */
const root = process.cwd();
const words = process.argv.slice(2);

/** These suites have scripts of their own: `npm run conformance`, `npm run test:real`. */
const elsewhere = /^test[\\/](?:conformance|real)[\\/]/;

const files = ['src', 'test', 'bench', 'tools']
  .flatMap((directory) => sourcesUnder(join(root, directory)))
  .filter((file) => file.endsWith('.test.ts') && !elsewhere.test(relative(root, file)))
  .filter((file) => words.length === 0 || words.some((word) => relative(root, file).includes(word)));

const checks = words.length === 0 ? await runStaticChecks(root) : nothing;
close(add(checks, await runTestFiles(root, files)));
