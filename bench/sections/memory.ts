import { setTimeout as sleep } from 'node:timers/promises';
import { readResidentKib } from '../cpu.ts';
import type { Started } from '../processes.ts';
import { interleave } from '../rounds.ts';
import { median } from '../stats.ts';
import type { VariantName } from '../variants/names.ts';
import { startVariant, type Variant } from '../variants/start.ts';
import { absence, type Workbench } from '../workbench.ts';

const names: readonly VariantName[] = ['bare', 'full'];

/** Growth of resident memory for each idle SSE stream that runs through the proxy. */
export interface MemoryRow {
  readonly section: 'memory';
  readonly variant: VariantName;
  readonly absent: string | null;
  readonly rounds: number;
  readonly streams: number;
  readonly kib_per_stream: number | null;
}

export const measureMemory = async (bench: Workbench): Promise<MemoryRow[]> => {
  const { plan, progress } = bench;
  const running = names.filter((name) => absence(bench, name) === undefined);
  const samples = await interleave(running, plan.memoryRounds, (name, round) => {
    progress(`memory, round ${round + 1} of ${plan.memoryRounds}: ${name}, ${plan.streams} idle streams`);
    return kibPerStream(bench, name);
  });
  return names.map((variant) => {
    const taken = samples.get(variant) ?? [];
    const sizes = taken.filter((size) => size !== undefined);
    const reason =
      absence(bench, variant) ?? (sizes.length === 0 ? 'the system does not tell memory sizes' : null);
    return {
      section: 'memory',
      variant,
      absent: reason,
      rounds: sizes.length,
      streams: plan.streams,
      kib_per_stream: reason === null ? median(sizes) : null,
    };
  });
};

/** In a fresh process, because pages that earlier load left behind would be used again and hide the growth. */
const kibPerStream = async (bench: Workbench, name: VariantName): Promise<number | undefined> => {
  const variant = await startVariant(name, bench.surroundings);
  if ('absent' in variant || variant.process === undefined)
    throw new Error(`${name} ran before and does not now`);
  try {
    await hold(bench, variant, Math.min(100, bench.plan.streams));
    await bench.load.ask('release', null);
    const before = await restingKib(variant.process);
    await hold(bench, variant, bench.plan.streams);
    const after = await restingKib(variant.process);
    return before === undefined || after === undefined ? undefined : (after - before) / bench.plan.streams;
  } finally {
    await bench.load.ask('release', null);
    await variant.process.stop();
  }
};

const hold = async (bench: Workbench, variant: Variant, count: number): Promise<void> => {
  const { opened, example } = await bench.load.ask('streams', { target: variant.listening, count });
  if (opened !== count)
    throw new Error(`${variant.name}: only ${opened} of ${count} streams opened. One said:\n${example}`);
};

const restingKib = async (process: Started): Promise<number | undefined> => {
  await sleep(300);
  await process.ask('collect', null);
  await sleep(200);
  return readResidentKib(process.pid);
};
