import { interleave } from '../rounds.ts';
import { prepare, type Sample, takeSample } from '../sample.ts';
import { baseShape } from '../shapes.ts';
import { median } from '../stats.ts';
import { type IdentityCase, identityCases } from '../variants/names.ts';
import { type Loadable, startCase } from '../variants/start.ts';
import { absence, type Workbench } from '../workbench.ts';
import { type Compared, compared } from './load-row.ts';

/** What a way to show who calls, or to count it, costs. Ratios are against `bearer` in the same round. */
export interface IdentityRow extends Compared {
  readonly section: 'identity';
  readonly variant: IdentityCase;
  readonly absent: string | null;
  readonly rounds: number;
  readonly cpu_us: number | null;
}

/** The same call with other credentials, at gateways that differ in nothing else. */
export const measureIdentity = async (bench: Workbench): Promise<IdentityRow[]> => {
  const { plan, progress } = bench;
  const reason = absence(bench, 'full');
  if (reason !== undefined) return identityCases.map((variant) => row(variant, reason));
  const cases = await startCases(bench);
  try {
    for (const one of cases) {
      progress(`warming ${one.name}`);
      await prepare(bench, one, baseShape, plan.warmMs);
    }
    const taken = await interleave(cases, plan.rounds, (one, round) => {
      progress(`identity, round ${round + 1} of ${plan.rounds}: ${one.name}`);
      return takeSample(bench, one, baseShape, plan.sampleMs);
    });
    const samples = new Map([...taken].map(([{ name }, all]) => [name, all]));
    return identityCases.map((name) => row(name, null, samples.get(name), samples.get('bearer')));
  } finally {
    await Promise.all(cases.map(({ process }) => process?.stop()));
  }
};

const startCases = async ({ surroundings, progress }: Workbench): Promise<readonly Loadable[]> => {
  const cases: Loadable[] = [];
  for (const name of identityCases) {
    progress(`starting ${name}`);
    const started = await startCase(name, surroundings);
    if ('absent' in started) throw new Error(`${name}: ${started.absent}`);
    cases.push(started);
  }
  return cases;
};

const row = (
  variant: IdentityCase,
  absent: string | null,
  samples: readonly Sample[] = [],
  bearer: readonly Sample[] = [],
): IdentityRow => ({
  section: 'identity',
  variant,
  absent,
  rounds: samples.length,
  ...compared(samples, bearer),
  cpu_us: absent === null ? median(samples.map((sample) => sample.cpu_us)) : null,
});
