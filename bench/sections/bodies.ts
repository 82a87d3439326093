import { interleave } from '../rounds.ts';
import { prepare, type Sample, takeSample } from '../sample.ts';
import { baseShape, matrixShapes, type Shape } from '../shapes.ts';
import type { VariantName } from '../variants/names.ts';
import type { Variant } from '../variants/start.ts';
import { absence, runningVariants, type Workbench } from '../workbench.ts';
import { absentLoadRow, type LoadRow, loadRow } from './load-row.ts';

const names: readonly VariantName[] = ['bare', 'full'];

interface Cell {
  readonly variant: Variant;
  readonly shape: Shape;
}

/** `bare` and `full` over the sizes and kinds of bodies. The base call is in the ladder already. */
export const measureBodies = async (bench: Workbench): Promise<LoadRow[]> => {
  const { plan, progress } = bench;
  const shapes = matrixShapes.filter((shape) => shape.name !== baseShape.name);
  const cells = shapes.flatMap((shape) =>
    runningVariants(bench, names).map((variant) => ({ variant, shape })),
  );
  for (const { variant, shape } of cells) {
    progress(`warming ${variant.name}, ${shape.name}`);
    await prepare(bench, variant, shape, plan.bodyMs);
  }
  const samples = await interleave<Cell, Sample>(cells, plan.bodyRounds, ({ variant, shape }, round) => {
    progress(`bodies, round ${round + 1} of ${plan.bodyRounds}: ${variant.name}, ${shape.name}`);
    return takeSample(bench, variant, shape, plan.bodyMs);
  });
  const taken = (name: VariantName, shape: Shape): Sample[] | undefined =>
    [...samples].find(([cell]) => cell.variant.name === name && cell.shape === shape)?.[1];
  return shapes.flatMap((shape) =>
    names.map((variant) => {
      const named = { section: 'bodies', variant, shape: shape.name } as const;
      const own = taken(variant, shape);
      const bare = taken('bare', shape);
      if (own === undefined || bare === undefined) {
        return absentLoadRow(named, absence(bench, variant) ?? 'not measured');
      }
      return loadRow(named, own, bare);
    }),
  );
};
