import { interleave } from '../rounds.ts';
import { prepare, type Sample, takeSample } from '../sample.ts';
import { baseShape } from '../shapes.ts';
import { ladder, type VariantName } from '../variants/names.ts';
import { absence, runningVariants, type Workbench } from '../workbench.ts';
import { absentLoadRow, type LoadRow, loadRow } from './load-row.ts';

const names: readonly VariantName[] = ['nginx', 'raw', 'bare', ...ladder];

export interface LadderResult {
  readonly rows: readonly LoadRow[];
  /** The samples by round, for ratios other than against `bare`. */
  readonly samples: ReadonlyMap<VariantName, readonly Sample[]>;
}

/** CPU for each call and throughput at saturation, from the bare proxy to the full gateway, stage by stage. */
export const measureLadder = async (bench: Workbench): Promise<LadderResult> => {
  const { plan, progress } = bench;
  const variants = runningVariants(bench, names);
  for (const variant of variants) {
    progress(`warming ${variant.name}`);
    await prepare(bench, variant, baseShape, plan.warmMs);
  }
  const measured = await interleave(variants, plan.rounds, (variant, round) => {
    progress(`ladder, round ${round + 1} of ${plan.rounds}: ${variant.name}`);
    return takeSample(bench, variant, baseShape, plan.sampleMs);
  });
  const samples = new Map([...measured].map(([variant, taken]) => [variant.name, taken]));
  return { rows: names.map((name) => row(bench, name, samples)), samples };
};

const row = (bench: Workbench, variant: VariantName, samples: LadderResult['samples']): LoadRow => {
  const named = { section: 'ladder', variant, shape: baseShape.name } as const;
  const taken = samples.get(variant);
  const bare = samples.get('bare');
  if (taken === undefined || bare === undefined)
    return absentLoadRow(named, absence(bench, variant) ?? 'not measured');
  return loadRow(named, taken, bare);
};
