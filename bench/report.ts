import type { Machine } from './machine.ts';
import type { FirstCallRow } from './sections/first-call.ts';
import type { IdentityRow } from './sections/identity.ts';
import type { LadderResult } from './sections/ladder.ts';
import type { LatencyRow } from './sections/latency.ts';
import { type LoadRow, ratioOf } from './sections/load-row.ts';
import type { MemoryRow } from './sections/memory.ts';
import { type Interval, pairedRatio } from './stats.ts';
import type { VariantName } from './variants/names.ts';

export type Row = LoadRow | LatencyRow | MemoryRow | IdentityRow | FirstCallRow;

/** The figures that sum the run up. Null where a side of the ratio was absent. */
export interface Ratios {
  /** CPU for each call, full against bare, and its 95 % confidence interval. */
  readonly cpu: number | null;
  readonly cpu_ci: Interval | null;
  /** Throughput at saturation, full against bare. */
  readonly throughput: number | null;
  readonly throughput_ci: Interval | null;
  /** CPU for each call, full against the raw-socket proxy. */
  readonly cpu_raw: number | null;
  readonly cpu_raw_ci: Interval | null;
  /** CPU that nginx needs for a call, against full: 1 would be nginx's own efficiency. */
  readonly nginx_efficiency: number | null;
  readonly nginx_efficiency_ci: Interval | null;
  /** Idle-stream memory, full against bare. */
  readonly stream_memory: number | null;
  /** CPU for each call with a DPoP proof, against the same call with a bearer token. */
  readonly dpop: number | null;
  readonly dpop_ci: Interval | null;
}

/** A budget of the project, and how this run stands to it. */
export interface Target {
  readonly name: string;
  readonly limit: number;
  readonly measured: number | null;
  /** Null when it was not measured. */
  readonly met: boolean | null;
}

export interface Report {
  readonly machine: Machine;
  readonly ratios: Ratios;
  readonly targets: readonly Target[];
  readonly rows: readonly Row[];
  /** Why the run failed; then nothing else in the report is a result. */
  readonly error?: string;
}

export interface Measured {
  readonly ladder: LadderResult;
  readonly bodies: readonly LoadRow[];
  readonly latency: readonly LatencyRow[];
  readonly memory: readonly MemoryRow[];
  readonly identity: readonly IdentityRow[];
  readonly firstCalls: readonly FirstCallRow[];
}

export const makeReport = (machine: Machine, measured: Measured): Report => {
  const ratios = ratiosOf(measured);
  return {
    machine,
    ratios,
    targets: targetsOf(measured, ratios),
    rows: [
      ...measured.ladder.rows,
      ...measured.bodies,
      ...measured.latency,
      ...measured.memory,
      ...measured.identity,
      ...measured.firstCalls,
    ],
  };
};

export const failedReport = (machine: Machine, error: string): Report => ({
  machine,
  ratios: noRatios,
  targets: [],
  rows: [],
  error,
});

const noRatios: Ratios = {
  cpu: null,
  cpu_ci: null,
  throughput: null,
  throughput_ci: null,
  cpu_raw: null,
  cpu_raw_ci: null,
  nginx_efficiency: null,
  nginx_efficiency_ci: null,
  stream_memory: null,
  dpop: null,
  dpop_ci: null,
};

const ratiosOf = ({ ladder: { samples }, memory, identity }: Measured): Ratios => {
  const between = (one: VariantName, other: VariantName, of: 'cpu_us' | 'rps') => {
    const [taken, reference] = [samples.get(one), samples.get(other)];
    return taken === undefined || reference === undefined ? undefined : ratioOf(taken, reference, of);
  };
  const cpu = between('full', 'bare', 'cpu_us');
  const throughput = between('full', 'bare', 'rps');
  const raw = between('full', 'raw', 'cpu_us');
  const nginx = between('nginx', 'full', 'cpu_us');
  const kib = (variant: VariantName): number | null =>
    memory.find((row) => row.variant === variant)?.kib_per_stream ?? null;
  const [full, bare] = [kib('full'), kib('bare')];
  const dpop = identity.find(({ variant }) => variant === 'dpop');
  return {
    cpu: cpu?.median ?? null,
    cpu_ci: cpu?.interval ?? null,
    throughput: throughput?.median ?? null,
    throughput_ci: throughput?.interval ?? null,
    cpu_raw: raw?.median ?? null,
    cpu_raw_ci: raw?.interval ?? null,
    nginx_efficiency: nginx?.median ?? null,
    nginx_efficiency_ci: nginx?.interval ?? null,
    stream_memory: full === null || bare === null ? null : pairedRatio([full], [bare]).median,
    dpop: dpop?.cpu_ratio ?? null,
    dpop_ci: dpop?.cpu_ci ?? null,
  };
};

const targetsOf = ({ latency, memory }: Measured, ratios: Ratios): Target[] => {
  const full = latency.find((row) => row.variant === 'full');
  const nginx = latency.find((row) => row.variant === 'nginx');
  const overNginx = difference(full?.p50_us, nginx?.p50_us);
  const kib = memory.find((row) => row.variant === 'full')?.kib_per_stream ?? null;
  return [
    atMost('CPU for each call, full against bare', 1.65, ratios.cpu),
    atLeast("share of nginx's efficiency", 0.3, ratios.nginx_efficiency),
    atMost('added p50 over nginx at 1,000 calls a second, us', 100, overNginx),
    atMost('added p50 inside the gateway, us', 60, full?.inside_p50_us ?? null),
    atMost('added p99 inside the gateway, us', 250, full?.inside_p99_us ?? null),
    atMost('memory for each idle stream, KiB', 30, kib),
  ];
};

const difference = (one: number | null | undefined, other: number | null | undefined): number | null =>
  typeof one === 'number' && typeof other === 'number' ? one - other : null;

const atMost = (name: string, limit: number, measured: number | null): Target => ({
  name: `${name}: at most ${limit}`,
  limit,
  measured,
  met: measured === null ? null : measured <= limit,
});

const atLeast = (name: string, limit: number, measured: number | null): Target => ({
  name: `${name}: at least ${limit}`,
  limit,
  measured,
  met: measured === null ? null : measured >= limit,
});
