/** Compares what a scenario did with what it had to do. */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { FailedCheck, SuiteRun } from './suite.ts';

export interface Verdict {
  readonly required: number;
  readonly passed: readonly string[];
  /** Scenarios that failed exactly where they were expected to. */
  readonly expected: readonly string[];
  /** One line per scenario that failed, with its reasons. */
  readonly missed: readonly string[];
  readonly passedChecks: number;
  readonly failedChecks: number;
}

/** Enough of a reason to know it; the whole of it is in the suite's own output. */
const reasonLength = 160;

/** Entries `scenario` or `scenario:check`, in the suite's own format. */
export async function readExpected(file: string): Promise<ReadonlySet<string>> {
  const listed: { readonly server?: readonly string[] } | null = parse(await readFile(file, 'utf8'));
  return new Set(listed?.server ?? []);
}

/** A required scenario without a result has failed: nothing passes by not having run. */
export function judge(
  required: readonly string[],
  { results, accepted }: SuiteRun,
  expected: ReadonlySet<string>,
): Verdict {
  const passed: string[] = [];
  const asExpected: string[] = [];
  const missed: string[] = [];
  const counted = results.filter(({ scenario }) => required.includes(scenario));

  for (const scenario of required) {
    const result = counted.find((candidate) => candidate.scenario === scenario);
    if (result === undefined || result.passedChecks + result.failures.length === 0) {
      missed.push(`${scenario}: no result`);
      continue;
    }
    const surprises = result.failures.filter((failure) => !isExpected(expected, scenario, failure));
    if (surprises.length > 0) missed.push(`${scenario}: ${surprises.map(describe).join('; ')}`);
    else if (result.failures.length > 0) asExpected.push(scenario);
    else if (expected.has(scenario)) missed.push(`${scenario}: passes, so its expected failure is stale`);
    else passed.push(scenario);
  }
  if (!accepted && missed.length === 0) missed.push('the suite itself reports a failure');

  return {
    required: required.length,
    passed,
    expected: asExpected,
    missed,
    passedChecks: counted.reduce((sum, { passedChecks }) => sum + passedChecks, 0),
    failedChecks: counted.reduce((sum, { failures }) => sum + failures.length, 0),
  };
}

function isExpected(expected: ReadonlySet<string>, scenario: string, { check }: FailedCheck): boolean {
  return expected.has(scenario) || expected.has(`${scenario}:${check}`);
}

function describe({ check, reason }: FailedCheck): string {
  const [firstLine = ''] = reason.split('\n');
  return `${check} (${firstLine.slice(0, reasonLength)})`;
}
