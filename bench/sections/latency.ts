import type { InsideLatency, OpenResult } from '../protocol.ts';
import { interleave } from '../rounds.ts';
import { demandRight, prepare } from '../sample.ts';
import { baseShape } from '../shapes.ts';
import { median } from '../stats.ts';
import type { VariantName } from '../variants/names.ts';
import type { Variant } from '../variants/start.ts';
import { absence, runningVariants, type Workbench } from '../workbench.ts';

const names: readonly VariantName[] = ['direct', 'nginx', 'raw', 'bare', 'full'];
const perSecond = 1000;

/** Latency at a fixed rate, from the intended send time, in microseconds: medians of the rounds. */
export interface LatencyRow {
  readonly section: 'latency';
  readonly variant: VariantName;
  readonly absent: string | null;
  readonly rounds: number;
  readonly per_second: number;
  readonly p50_us: number | null;
  readonly p99_us: number | null;
  /** p50 less the p50 of `direct` in the same round. */
  readonly added_p50_us: number | null;
  /** How late the generator itself sent. */
  readonly late_us: number | null;
  /** Measured inside the proxy, upstream wait excluded; null when it does not measure. */
  readonly inside_p50_us: number | null;
  readonly inside_p99_us: number | null;
}

interface LatencySample extends OpenResult {
  readonly inside: InsideLatency | null;
}

export const measureLatency = async (bench: Workbench): Promise<LatencyRow[]> => {
  const { plan, progress } = bench;
  const variants = runningVariants(bench, names);
  const measured = await interleave(variants, plan.latencyRounds, (variant, round) => {
    progress(`latency, round ${round + 1} of ${plan.latencyRounds}: ${variant.name}`);
    return takeLatency(bench, variant);
  });
  const samples = new Map([...measured].map(([variant, taken]) => [variant.name, taken]));
  return names.map((name) => {
    const taken = samples.get(name);
    if (taken === undefined) return absentRow(name, absence(bench, name) ?? 'not measured');
    return row(name, taken, samples.get('direct'));
  });
};

const takeLatency = async (bench: Workbench, variant: Variant): Promise<LatencySample> => {
  await prepare(bench, variant, baseShape, 100);
  await insideLatency(variant);
  const result = await bench.load.ask('open', { ms: bench.plan.latencyMs, perSecond });
  const inside = await insideLatency(variant);
  await bench.load.ask('release', null);
  demandRight(variant, baseShape, result);
  return { ...result, inside };
};

const insideLatency = async ({ name, process }: Variant): Promise<InsideLatency | null> =>
  process === undefined || name !== 'full' ? null : await process.ask('latency', null);

const row = (
  variant: VariantName,
  samples: readonly LatencySample[],
  direct: readonly LatencySample[] | undefined,
): LatencyRow => {
  const inside = samples.flatMap((sample) => (sample.inside === null ? [] : [sample.inside]));
  const added = samples.map((sample, round) => sample.p50_us - (direct?.[round]?.p50_us ?? Number.NaN));
  return {
    section: 'latency',
    variant,
    absent: null,
    rounds: samples.length,
    per_second: perSecond,
    p50_us: median(samples.map((sample) => sample.p50_us)),
    p99_us: median(samples.map((sample) => sample.p99_us)),
    added_p50_us: direct === undefined ? null : median(added),
    late_us: median(samples.map((sample) => sample.late_us)),
    inside_p50_us: inside.length === 0 ? null : median(inside.map((each) => each.p50_us)),
    inside_p99_us: inside.length === 0 ? null : median(inside.map((each) => each.p99_us)),
  };
};

const absentRow = (variant: VariantName, reason: string): LatencyRow => ({
  section: 'latency',
  variant,
  absent: reason,
  rounds: 0,
  per_second: perSecond,
  p50_us: null,
  p99_us: null,
  added_p50_us: null,
  late_us: null,
  inside_p50_us: null,
  inside_p99_us: null,
});
