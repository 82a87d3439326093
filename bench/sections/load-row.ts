import type { Sample } from '../sample.ts';
import { type Interval, median, pairedRatio, type Ratio } from '../stats.ts';
import type { VariantName } from '../variants/names.ts';

/** One line about saturation. Ratios are against `bare` in the same round; null where there is nothing to say. */
export interface LoadRow {
  readonly section: 'ladder' | 'bodies';
  readonly variant: VariantName;
  readonly shape: string;
  readonly absent: string | null;
  readonly rounds: number;
  readonly cpu_ratio: number | null;
  readonly cpu_ci: Interval | null;
  readonly cpu_us: number | null;
  readonly throughput_ratio: number | null;
  readonly throughput_ci: Interval | null;
  readonly rps: number | null;
  readonly busy: number | null;
  /** Replies that were right in meaning but not the upstream's bytes. */
  readonly altered: number | null;
}

type Named = Pick<LoadRow, 'section' | 'variant' | 'shape'>;

export const loadRow = (named: Named, samples: readonly Sample[], bare: readonly Sample[]): LoadRow => {
  const cpu = ratioOf(samples, bare, 'cpu_us');
  const throughput = ratioOf(samples, bare, 'rps');
  return {
    ...named,
    absent: null,
    rounds: samples.length,
    cpu_ratio: cpu.median,
    cpu_ci: cpu.interval,
    cpu_us: median(samples.map((sample) => sample.cpu_us)),
    throughput_ratio: throughput.median,
    throughput_ci: throughput.interval,
    rps: median(samples.map((sample) => sample.rps)),
    busy: median(samples.map((sample) => sample.busy)),
    altered: samples.reduce((sum, sample) => sum + sample.altered, 0),
  };
};

export const absentLoadRow = (named: Named, reason: string): LoadRow => ({
  ...named,
  absent: reason,
  rounds: 0,
  cpu_ratio: null,
  cpu_ci: null,
  cpu_us: null,
  throughput_ratio: null,
  throughput_ci: null,
  rps: null,
  busy: null,
  altered: null,
});

/** CPU for each call against a reference, and its 95 % confidence interval. */
export interface Compared {
  readonly cpu_ratio: number | null;
  readonly cpu_ci: Interval | null;
}

/** Null where a side was not measured. */
export const compared = (samples: readonly Sample[], references: readonly Sample[]): Compared => {
  if (samples.length === 0 || references.length === 0) return { cpu_ratio: null, cpu_ci: null };
  const { median: ratio, interval } = ratioOf(samples, references, 'cpu_us');
  return { cpu_ratio: ratio, cpu_ci: interval };
};

export const ratioOf = (
  samples: readonly Sample[],
  references: readonly Sample[],
  of: 'cpu_us' | 'rps',
): Ratio =>
  pairedRatio(
    samples.map((sample) => sample[of]),
    references.map((sample) => sample[of]),
  );
