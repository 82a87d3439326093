/**
 * Runs the official MCP conformance suite through the gateway and says what passed.
 *
 *   node test/conformance/run.ts [--leg L1] [--direct]
 *
 * `--direct` leaves the gateway out: it shows what the fixture and the
 * scripted client do by themselves. `CONFORMANCE_LOG=1` shows the suite's own
 * output. Exits with 1 when anything required fails.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startBearerShim } from './bearer-shim.ts';
import type { Child } from './child.ts';
import { startFixture } from './fixture.ts';
import { startGateway } from './gateway.ts';
import type { ClientLeg, Leg, ServerLeg } from './legs.ts';
import { directLegs, expectedFailuresFile, legs } from './legs.ts';
import type { Revision, SuiteRun } from './suite.ts';
import { clientScenarios, examineClient, examineServer, serverScenarios } from './suite.ts';
import type { Verdict } from './verdict.ts';
import { judge, readExpected } from './verdict.ts';

interface Row {
  readonly leg: string;
  readonly revision: Revision;
  readonly verdict: Verdict;
}

const { values: options } = parseArgs({
  options: {
    direct: { type: 'boolean', default: false },
    leg: { type: 'string', multiple: true },
  },
});

const rows: Row[] = [];
for (const leg of selectedLegs()) rows.push(...(await runLeg(leg)));
report(rows);

function selectedLegs(): readonly Leg[] {
  const wanted = options.leg ?? (options.direct ? directLegs : legs.map(({ name }) => name));
  const selected = legs.filter(({ name }) => wanted.includes(name));
  if (selected.length === wanted.length) return selected;
  throw new Error(
    `unknown leg among \`${wanted.join(', ')}\`: choose ${legs.map(({ name }) => name).join(', ')}`,
  );
}

async function runLeg(leg: Leg): Promise<readonly Row[]> {
  const found: Row[] = [];
  for (const revision of leg.revisions) {
    const required =
      leg.side === 'server'
        ? await serverScenarios(revision)
        : await clientScenarios(revision, leg.scenarios);
    const run = await examine(leg, revision, required);
    const expected = await readExpected(expectedFailuresFile(leg.name));
    found.push({ leg: leg.name, revision, verdict: judge(required, run, expected) });
  }
  return found;
}

/** A leg that cannot even be set up has no results, and so misses everything that is required. */
async function examine(leg: Leg, revision: Revision, required: readonly string[]): Promise<SuiteRun> {
  try {
    return leg.side === 'server'
      ? await runServerLeg(leg, revision)
      : await runClientLeg(leg, required, revision);
  } catch (error) {
    console.error(`${leg.name} ${revision} did not run: ${String(error)}`);
    return { results: [], accepted: false };
  }
}

/** Every run has processes of its own, so that no run can see what another left behind. */
async function runServerLeg(leg: ServerLeg, revision: Revision): Promise<SuiteRun> {
  const children: Child[] = [];
  try {
    const fixture = await startFixture(leg.fixture);
    children.push(fixture);
    let { url } = fixture;
    if (!options.direct) {
      const gateway = await startGateway({ upstreamUrl: url });
      children.push(gateway);
      const shim = await startBearerShim(gateway.url, gateway.token);
      children.push(shim);
      url = shim.url;
    }
    return await examineServer(url, revision, expectedFailuresFile(leg.name));
  } finally {
    for (const child of children.reverse()) await child.stop();
  }
}

/** One scenario after the other: each starts a gateway of its own. */
async function runClientLeg(
  { script: name }: ClientLeg,
  scenarios: readonly string[],
  revision: Revision,
): Promise<SuiteRun> {
  const script = fileURLToPath(new URL(name, import.meta.url));
  const command = [process.execPath, script, ...(options.direct ? ['--direct'] : [])].join(' ');
  const runs: SuiteRun[] = [];
  for (const scenario of scenarios) runs.push(await examineClient(command, scenario, revision));
  return {
    results: runs.flatMap(({ results }) => results),
    accepted: runs.every(({ accepted }) => accepted),
  };
}

function report(found: readonly Row[]): void {
  console.log(line('leg', 'set', 'passed/required', 'expected', 'checks passed/failed'));
  for (const { leg, revision, verdict } of found) {
    const { passed, required, expected, passedChecks, failedChecks } = verdict;
    const scenarios = `${passed.length}/${required}`;
    console.log(line(leg, revision, scenarios, `${expected.length}`, `${passedChecks}/${failedChecks}`));
  }
  for (const { leg, revision, verdict } of found) {
    for (const missed of verdict.missed) console.log(`missed ${leg} ${revision} ${missed}`);
  }
  const passed = found.reduce((sum, { verdict }) => sum + verdict.passed.length, 0);
  const failed = found.reduce((sum, { verdict }) => sum + verdict.missed.length, 0);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

function line(leg: string, set: string, scenarios: string, expected: string, checks: string): string {
  return [leg.padEnd(4), set.padEnd(11), scenarios.padEnd(16), expected.padEnd(9), checks].join(' ');
}
