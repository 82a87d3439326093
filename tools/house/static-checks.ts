import { type Ended, runNode } from './step.ts';
import type { Tally } from './tally.ts';

/** One checker: its name in the output, and the Node script with its arguments, from the root of the repository. */
export type StaticCheck = { readonly name: string; readonly argv: readonly string[] };

/** Every static check of the house, in the order of how soon it tells. `test/house/` plants a violation for each. */
export const staticChecks: readonly StaticCheck[] = [
  {
    name: 'format and lint (biome)',
    argv: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '--colors=off'],
  },
  { name: 'rooms and reasons (house)', argv: ['tools/check-house.ts'] },
  { name: 'types (tsc)', argv: ['node_modules/typescript/bin/tsc', '-p', '.'] },
  { name: 'typed lint (oxlint)', argv: ['node_modules/oxlint/bin/oxlint', '--deny-warnings'] },
  { name: 'dead code (knip)', argv: ['node_modules/knip/bin/knip.js', '--no-progress'] },
];

const LIMIT_MS = 120_000;

/** Runs every static check, each counted as one test, with all its output when it fails. */
export async function runStaticChecks(root: string): Promise<Tally> {
  let passed = 0;
  for (const check of staticChecks) {
    const ended = await runNode(check.argv, root, LIMIT_MS);
    if (ended.code === 0) passed += 1;
    report(check, ended);
  }
  return { passed, failed: staticChecks.length - passed, skipped: [] };
}

function report(check: StaticCheck, ended: Ended): void {
  console.log(`${ended.code === 0 ? '  ok' : 'FAIL'}  ${check.name}  ${ended.seconds.toFixed(1)} s`);
  if (ended.code !== 0) console.log(ended.output.replaceAll(/^/gm, '      '));
}
