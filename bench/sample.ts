import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMicrosOf } from './processes.ts';
import type { Tally } from './protocol.ts';
import type { Shape } from './shapes.ts';
import type { Loadable } from './variants/start.ts';
import type { Workbench } from './workbench.ts';

/** One measured stretch of saturation. */
export interface Sample {
  /** CPU time of the whole proxy process for each call, in microseconds. */
  readonly cpu_us: number;
  readonly rps: number;
  /** Share of one CPU that the proxy used; well below 1 means that the load generator was the limit. */
  readonly busy: number;
  readonly altered: number;
}

const connections = 32;
const settleMs = 10;

/** Runs the closed loop, with the clocks read while nothing is in flight, so that CPU and calls match exactly. */
export const takeSample = async (
  bench: Workbench,
  variant: Loadable,
  shape: Shape,
  ms: number,
): Promise<Sample> => {
  const { load, upstream } = bench;
  await prepare(bench, variant, shape, Math.min(100, ms / 4));
  await sleep(settleMs);
  const servedBefore = await upstream.ask('served', null);
  const cpuBefore = await cpuOf(variant);
  const result = await load.ask('closed', { ms });
  await sleep(settleMs);
  const cpu = (await cpuOf(variant)) - cpuBefore;
  const served = (await upstream.ask('served', null)) - servedBefore;
  await load.ask('release', null);
  demandRight(variant, shape, result);
  demandServed(variant, shape, result.completed, served);
  return {
    cpu_us: cpu / result.completed,
    rps: (result.completed * 1000) / result.elapsedMs,
    busy: cpu / 1000 / result.elapsedMs,
    altered: result.altered,
  };
};

/** Opens connections and makes untimed calls. */
export const prepare = async (
  bench: Workbench,
  variant: Loadable,
  shape: Shape,
  warmMs: number,
): Promise<void> => {
  const warmed = await bench.load.ask('prepare', { target: variant.listening, shape, connections, warmMs });
  demandRight(variant, shape, warmed);
};

/** A proxy that answers wrongly has no speed. */
export const demandRight = (variant: Loadable, shape: Shape, tally: Tally): void => {
  if (tally.wrong === 0 && tally.completed > 0) return;
  throw new Error(
    `${variant.name}, ${shape.name}: ${tally.wrong} wrong replies beside ${tally.completed} right ones. The first:\n` +
      (tally.example ?? '(none came)'),
  );
};

/** Nor has one that answers out of a cache, or that calls a tool twice. */
const demandServed = (variant: Loadable, shape: Shape, completed: number, served: number): void => {
  if (served === completed) return;
  throw new Error(
    `${variant.name}, ${shape.name}: ${completed} replies, but the upstream served ${served} calls`,
  );
};

const cpuOf = async ({ process }: Loadable): Promise<number> =>
  process === undefined ? Number.NaN : await cpuMicrosOf(process);
