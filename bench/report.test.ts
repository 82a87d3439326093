import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Machine } from './machine.ts';
import { failedReport, type Measured, makeReport } from './report.ts';
import type { Sample } from './sample.ts';
import type { LatencyRow } from './sections/latency.ts';
import type { MemoryRow } from './sections/memory.ts';
import type { VariantName } from './variants/names.ts';

const machine = { cpu: 'test' } as Machine;
const sample = (cpu_us: number, rps: number): Sample => ({ cpu_us, rps, busy: 1, altered: 0 });
const rounds = (cpu: number, rps: number): Sample[] => [sample(cpu, rps), sample(cpu * 2, rps / 2)];

const measured = (samples: [VariantName, Sample[]][], more: Partial<Measured> = {}): Measured => ({
  ladder: { rows: [], samples: new Map(samples) },
  bodies: [],
  latency: [],
  memory: [],
  identity: [],
  firstCalls: [],
  ...more,
});

test('ratios of an absent gateway are null, and no target counts as met or missed', () => {
  const { ratios, targets } = makeReport(machine, measured([['bare', rounds(40, 20_000)]]));
  assert.ok(Object.values(ratios).every((value) => value === null));
  assert.ok(
    targets.length >= 6 && targets.every(({ measured: value, met }) => value === null && met === null),
  );
});

test('ratios compare full with each reference, paired by round', () => {
  const { ratios, targets } = makeReport(
    machine,
    measured([
      ['bare', rounds(40, 20_000)],
      ['full', rounds(60, 15_000)],
      ['raw', rounds(20, 40_000)],
      ['nginx', rounds(18, 50_000)],
    ]),
  );
  assert.equal(ratios.cpu, 1.5);
  assert.deepEqual(ratios.cpu_ci, [1.5, 1.5]);
  assert.equal(ratios.throughput, 0.75);
  assert.equal(ratios.cpu_raw, 3);
  assert.equal(ratios.nginx_efficiency, 0.3);
  assert.deepEqual(
    targets.slice(0, 2).map(({ met }) => met),
    [true, true],
  );
});

test('a missed target is told', () => {
  const latency = [
    { section: 'latency', variant: 'full', p50_us: 400, inside_p50_us: 61, inside_p99_us: 249 },
    { section: 'latency', variant: 'nginx', p50_us: 231 },
  ] as LatencyRow[];
  const memory = [{ section: 'memory', variant: 'full', kib_per_stream: 31 }] as MemoryRow[];
  const { targets } = makeReport(
    machine,
    measured(
      [
        ['bare', rounds(40, 1)],
        ['full', rounds(80, 1)],
      ],
      { latency, memory },
    ),
  );
  assert.deepEqual(
    targets.map(({ met }) => met),
    [false, null, false, false, true, false],
  );
});

test('a failed run carries its reason and no numbers', () => {
  const report = failedReport(machine, 'wrong reply');
  assert.equal(report.error, 'wrong reply');
  assert.deepEqual(report.rows, []);
  assert.equal(report.ratios.cpu, null);
});
