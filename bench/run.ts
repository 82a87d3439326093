/** `npm run bench`: what the gateway costs, measured against proxies without security in the same run. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { choosePlacement, describeMachine, type Machine } from './machine.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { printReport } from './print.ts';
import { endChildrenOnExit, nodeLaunch, start, startAnnounced } from './processes.ts';
import type { Absent } from './protocol.ts';
import { failedReport, makeReport, type Report } from './report.ts';
import { measureBodies } from './sections/bodies.ts';
import { measureFirstCalls } from './sections/first-call.ts';
import { measureIdentity } from './sections/identity.ts';
import { measureLadder } from './sections/ladder.ts';
import { measureLatency } from './sections/latency.ts';
import { measureMemory } from './sections/memory.ts';
import { type VariantName, variantNames } from './variants/names.ts';
import { type Surroundings, startVariant, type Variant } from './variants/start.ts';
import type { Workbench } from './workbench.ts';

const main = async (): Promise<void> => {
  const options = readOptions();
  endChildrenOnExit();
  const scratch = makeScratch();
  const placement = choosePlacement(spawnSync('taskset', ['-V']).error === undefined);
  const machine = describeMachine(scratch, placement);
  const report = await measure(options, machine, scratch).catch((error: unknown) =>
    failedReport(machine, error instanceof Error ? error.message : String(error)),
  );
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else if (report.error === undefined) process.stdout.write(`${printReport(report)}\n`);
  if (report.error !== undefined) process.stderr.write(`the benchmark failed: ${report.error}\n`);
  process.exitCode = report.error === undefined ? 0 : 1;
  // Children end with this process; nothing else keeps it.
  process.stdout.write('', () => process.exit());
};

const readOptions = (): Options => {
  try {
    const options = parseOptions(process.argv.slice(2));
    if (options !== 'help') return options;
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}\n`);
    process.exit(2);
  }
};

/** Below node_modules, because that is on the disk on which people work; /tmp may be memory, where a sync is free. */
const makeScratch = (): string => {
  const parent = new URL('../node_modules/.cache/bartizan-bench/', import.meta.url).pathname;
  mkdirSync(parent, { recursive: true });
  const scratch = mkdtempSync(join(parent, 'run-'));
  process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
  return scratch;
};

const measure = async (options: Options, machine: Machine, scratch: string): Promise<Report> => {
  const loadCpu = machine.pinned?.load;
  const load = start(nodeLaunch('./load/main.ts', [], loadCpu)).started;
  const upstream = await startAnnounced(nodeLaunch('./upstream/main.ts', [], loadCpu));
  if ('absent' in upstream.line) throw new Error('the upstream does not run');
  const surroundings = { upstream: upstream.line, scratch, proxyCpu: machine.pinned?.proxy };
  const bench: Workbench = {
    plan: options.plan,
    load,
    upstream: upstream.started,
    surroundings,
    variants: await startVariants(options.only, surroundings),
    progress,
  };
  const ladder = await measureLadder(bench);
  const bodies = await measureBodies(bench);
  const latency = await measureLatency(bench);
  const memory = await measureMemory(bench);
  const identity = await measureIdentity(bench);
  const firstCalls = await measureFirstCalls(bench);
  return makeReport(machine, { ladder, bodies, latency, memory, identity, firstCalls });
};

const startVariants = async (
  only: Options['only'],
  surroundings: Surroundings,
): Promise<ReadonlyMap<VariantName, Variant | Absent>> => {
  const variants = new Map<VariantName, Variant | Absent>();
  for (const name of variantNames) {
    progress(`starting ${name}`);
    if (only.has(name)) variants.set(name, await startVariant(name, surroundings));
  }
  return variants;
};

/** One line that overwrites itself on a terminal; silent elsewhere, where hundreds of lines would bury the result. */
const progress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
};

await main();
