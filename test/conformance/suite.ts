/** Runs the official suite and reads what it found. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import type { ScenarioSet } from './legs.ts';

export type Revision = '2026-07-28' | '2025-11-25';

/** How one scenario went. A warning is a failure: the suite's own baseline counts it so. */
export interface ScenarioResult {
  readonly scenario: string;
  readonly passedChecks: number;
  readonly failures: readonly FailedCheck[];
}

export interface FailedCheck {
  readonly check: string;
  readonly reason: string;
}

/** The results, and whether the suite itself is content with them. */
export interface SuiteRun {
  readonly results: readonly ScenarioResult[];
  readonly accepted: boolean;
}

const suite = dirname(
  createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json'),
);

interface Requirements {
  readonly server: readonly string[];
  readonly client: readonly string[];
  readonly not_scored: readonly {
    readonly scenario: string;
    readonly leg: string;
    readonly reason: string;
  }[];
}

/** The scenarios that a revision requires of a server. */
export async function serverScenarios(revision: Revision): Promise<readonly string[]> {
  return (await requirements(revision)).server;
}

/** The scenarios of one set for a client. */
export async function clientScenarios(revision: Revision, set: ScenarioSet): Promise<readonly string[]> {
  const { client, not_scored } = await requirements(revision);
  const extensions = not_scored.filter(({ leg, reason }) => leg === 'client' && reason === 'extension');
  const names = set === 'auth-extensions' ? extensions.map(({ scenario }) => scenario) : client;
  return names.filter((name) => name.startsWith('auth/') === (set !== 'core'));
}

async function requirements(revision: Revision): Promise<Requirements> {
  return parse(await readFile(join(suite, 'requirements', `${revision}.yaml`), 'utf8')) as Requirements;
}

/** Examines the server at `url` with everything the revision requires. */
export function examineServer(url: string, revision: Revision, expectedFailures: string): Promise<SuiteRun> {
  return run(['server', '--url', url, '--requirements', revision, '--expected-failures', expectedFailures]);
}

/** Examines the client that `command` starts, with one scenario. Extensions run only when they are insisted on. */
export function examineClient(command: string, scenario: string, revision: Revision): Promise<SuiteRun> {
  const asked = ['--command', command, '--scenario', scenario, '--spec-version', revision];
  return run(['client', ...asked, '--force']);
}

async function run(args: readonly string[]): Promise<SuiteRun> {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-suite-'));
  try {
    const child = spawn(process.execPath, [join(suite, 'dist', 'index.js'), ...args, '-o', folder], {
      stdio: process.env['CONFORMANCE_LOG'] === undefined ? 'ignore' : 'inherit',
    });
    const [exitCode] = await once(child, 'exit');
    return { results: await readResults(folder), accepted: exitCode === 0 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readResults(folder: string): Promise<readonly ScenarioResult[]> {
  const results: ScenarioResult[] = [];
  // The names of some scenarios have a slash in them, and so a folder more.
  for (const path of await readdir(folder, { recursive: true })) {
    const scenario = /^(?:server-)?(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(path)?.[1];
    const checks = join(folder, path, 'checks.json');
    // A scenario that broke off leaves an empty folder, and so no result.
    if (scenario === undefined || !existsSync(checks)) continue;
    results.push(toResult(scenario, JSON.parse(await readFile(checks, 'utf8'))));
  }
  return results;
}

interface Check {
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string;
}

function toResult(scenario: string, checks: readonly Check[]): ScenarioResult {
  const failed = checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING');
  return {
    scenario,
    passedChecks: checks.filter(({ status }) => status === 'SUCCESS').length,
    failures: failed.map(({ id, errorMessage }) => ({
      check: id,
      reason: errorMessage ?? 'no reason given',
    })),
  };
}
