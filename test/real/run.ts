import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runTestFiles } from '../../tools/house/run-test-files.ts';
import { close } from '../../tools/house/tally.ts';
import { type Software, software } from './software.ts';

/**
 * `npm run test:real`: tests against software that nobody here wrote, which it fetches itself. What cannot be had on
 * this machine is skipped with its reason, and fails nothing.
 */
const folder = dirname(fileURLToPath(import.meta.url));
const files = (await Promise.all(software.map(available))).flat();
const tally = await runTestFiles(process.cwd(), files, 2);
close(tally);
// All of it may be out of reach; only what ran can fail.
if (tally.failed === 0) process.exitCode = 0;

/** The test files that can run. */
async function available({ what, tests, install }: Software): Promise<readonly string[]> {
  try {
    await install();
    return tests.map((file) => join(folder, file));
  } catch (error) {
    console.log(`skipped: ${what}: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}
