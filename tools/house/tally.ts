/** How many checks or tests passed and failed; skipped ones are neither. */
export type Tally = { readonly passed: number; readonly failed: number; readonly skipped: readonly string[] };

export const nothing: Tally = { passed: 0, failed: 0, skipped: [] };

/** The sum of two tallies. */
export function add(a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: [...a.skipped, ...b.skipped] };
}

/** Prints the skipped tests with their reasons, then the one line that scripts read, and sets the exit code. */
export function close(tally: Tally): void {
  for (const line of tally.skipped) console.log(`skipped  ${line}`);
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  process.exitCode = tally.failed === 0 && tally.passed > 0 ? 0 : 1;
}
