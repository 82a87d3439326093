import type { FirstCalls } from '../protocol.ts';
import { baseShape } from '../shapes.ts';
import { quantile } from '../stats.ts';
import { absence, runningVariants, type Workbench } from '../workbench.ts';

const steps = ['discovery', 'exchange', 'call', 'all'] as const;

/** From "task asked" to the answer of the first authorized call, and what it is made of, in milliseconds. */
export interface FirstCallRow {
  readonly section: 'first-call';
  /** `all`: the sum of the others, taken task by task. */
  readonly step: (typeof steps)[number];
  readonly absent: string | null;
  readonly tasks: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
}

/** Tasks are opened at `full` one after the other, untimed ones first. */
export const measureFirstCalls = async (bench: Workbench): Promise<FirstCallRow[]> => {
  const { plan, progress, load } = bench;
  const [full] = runningVariants(bench, ['full']);
  if (full === undefined) {
    const reason = absence(bench, 'full') ?? 'not measured';
    return steps.map((step) => ({ ...named(step, []), absent: reason }));
  }
  progress(`first calls of ${plan.tasks} tasks`);
  const argument = { target: full.listening, shape: baseShape };
  await load.ask('firstCalls', { ...argument, count: Math.ceil(plan.tasks / 4) });
  const times = await load.ask('firstCalls', { ...argument, count: plan.tasks });
  return steps.map((step) => named(step, timesOf(times, step)));
};

const timesOf = (times: FirstCalls, step: FirstCallRow['step']): readonly number[] => {
  const { discovery_ms, exchange_ms, call_ms } = times;
  if (step === 'discovery') return discovery_ms;
  if (step === 'exchange') return exchange_ms;
  if (step === 'call') return call_ms;
  return call_ms.map((ms, n) => ms + (discovery_ms[n] ?? Number.NaN) + (exchange_ms[n] ?? Number.NaN));
};

const named = (step: FirstCallRow['step'], times: readonly number[]): FirstCallRow => ({
  section: 'first-call',
  step,
  absent: null,
  tasks: times.length,
  p50_ms: times.length === 0 ? null : quantile(times, 0.5),
  p99_ms: times.length === 0 ? null : quantile(times, 0.99),
});
