import type { Machine } from './machine.ts';
import type { Ratios, Report, Row, Target } from './report.ts';
import type { FirstCallRow } from './sections/first-call.ts';
import type { IdentityRow } from './sections/identity.ts';
import type { LatencyRow } from './sections/latency.ts';
import type { LoadRow } from './sections/load-row.ts';
import type { MemoryRow } from './sections/memory.ts';
import type { Interval } from './stats.ts';
import { type Column, fixed, printTable } from './table.ts';

/** The report for people: ratios with their intervals first, absolute numbers after. */
export const printReport = (report: Report): string => {
  const of = (section: string) => report.rows.filter((row) => row.section === section);
  return [
    printMachine(report.machine),
    'Ratios are against `bare` (node:http + undici) in the same round, with the 95 % confidence interval of the\n' +
      'median. Absolute numbers belong to this machine and this hour.',
    section(
      'Stages: CPU for each call (369 B in, 986 B out, 32 connections)',
      loadColumns,
      of('ladder') as LoadRow[],
    ),
    section('Bodies', [shapeColumn, ...loadColumns], of('bodies') as LoadRow[]),
    section(
      'Latency at 1,000 calls a second, from the intended send time, microseconds',
      latencyColumns,
      of('latency') as LatencyRow[],
    ),
    'p99 is mostly the machine: compare it with `direct`.',
    section('Memory of idle SSE streams', memoryColumns, of('memory') as MemoryRow[]),
    section(
      'Identity: the call of `+record` with other credentials, ratios against `bearer`',
      identityColumns,
      of('identity') as IdentityRow[],
    ),
    section(
      'From "task asked" to the first authorized call, milliseconds',
      firstCallColumns,
      of('first-call') as FirstCallRow[],
    ),
    section('Summary', ratioColumns, ratioLines(report.ratios)),
    section('Targets', targetColumns, report.targets),
    notes(report),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
};

const section = <Row>(title: string, columns: readonly Column<Row>[], rows: readonly Row[]): string =>
  `${title}\n${printTable(columns, rows)}`;

const printMachine = (machine: Machine): string => {
  const { cpu, cores, memory_gib, kernel, node, pinned, disk, fdatasync_us, load_before } = machine;
  const placed =
    pinned === null
      ? 'nothing is pinned to a CPU (no taskset, or one CPU): ratios are rougher'
      : `proxies on CPU ${pinned.proxy}, load and upstream on CPU ${pinned.load}`;
  const shared = load_before > 0.5 ? '; others were using the machine' : '';
  return [
    `${cpu}, ${cores} cores, ${memory_gib} GiB, Linux ${kernel}, Node ${node}`,
    placed,
    `fdatasync ${fdatasync_us} us on ${disk}; load average before the run ${load_before.toFixed(2)}${shared}`,
  ].join('\n');
};

const interval = (ci: Interval | null, digits: number): string =>
  ci === null ? '' : `[${ci.map((end) => end.toFixed(digits)).join(', ')}]`;

const word = <Row>(title: string, text: (row: Row) => string): Column<Row> => ({
  title,
  text,
  align: 'left',
});
const number = <Row>(title: string, text: (row: Row) => string): Column<Row> => ({
  title,
  text,
  align: 'right',
});

const shapeColumn: Column<LoadRow> = word('body', (row) => row.shape);

const loadColumns: readonly Column<LoadRow>[] = [
  word('variant', (row) => row.variant),
  number('CPU ratio', (row) => fixed(row.cpu_ratio, 2)),
  word('95 % CI', (row) => interval(row.cpu_ci, 2)),
  number('CPU us', (row) => fixed(row.cpu_us, 1)),
  number('rps ratio', (row) => fixed(row.throughput_ratio, 2)),
  word('95 % CI', (row) => interval(row.throughput_ci, 2)),
  number('rps', (row) => fixed(row.rps, 0)),
  number('busy', (row) => (row.busy === null ? '-' : `${fixed(row.busy * 100, 0)} %`)),
  word('', (row) => absentText(row.absent)),
];

const latencyColumns: readonly Column<LatencyRow>[] = [
  word('variant', (row) => row.variant),
  number('p50', (row) => fixed(row.p50_us, 0)),
  number('over direct', (row) => fixed(row.added_p50_us, 0)),
  number('p99', (row) => fixed(row.p99_us, 0)),
  number('inside p50', (row) => fixed(row.inside_p50_us, 0)),
  number('inside p99', (row) => fixed(row.inside_p99_us, 0)),
  number('sent late', (row) => fixed(row.late_us, 0)),
  word('', (row) => absentText(row.absent)),
];

const memoryColumns: readonly Column<MemoryRow>[] = [
  word('variant', (row) => row.variant),
  number('KiB a stream', (row) => fixed(row.kib_per_stream, 1)),
  number('streams', (row) => String(row.streams)),
  word('', (row) => absentText(row.absent)),
];

const identityColumns: readonly Column<IdentityRow>[] = [
  word('case', (row) => row.variant),
  number('CPU ratio', (row) => fixed(row.cpu_ratio, 2)),
  word('95 % CI', (row) => interval(row.cpu_ci, 2)),
  number('CPU us', (row) => fixed(row.cpu_us, 1)),
  word('', (row) => absentText(row.absent)),
];

const firstCallColumns: readonly Column<FirstCallRow>[] = [
  word('step', (row) => row.step),
  number('p50', (row) => fixed(row.p50_ms, 2)),
  number('p99', (row) => fixed(row.p99_ms, 2)),
  number('tasks', (row) => String(row.tasks)),
  word('', (row) => absentText(row.absent)),
];

interface RatioLine {
  readonly name: string;
  readonly value: number | null;
  readonly ci: Interval | null;
}

const ratioLines = (ratios: Ratios): RatioLine[] => [
  { name: 'CPU, full / bare', value: ratios.cpu, ci: ratios.cpu_ci },
  { name: 'throughput, full / bare', value: ratios.throughput, ci: ratios.throughput_ci },
  { name: 'CPU, full / raw sockets', value: ratios.cpu_raw, ci: ratios.cpu_raw_ci },
  { name: 'CPU, nginx / full', value: ratios.nginx_efficiency, ci: ratios.nginx_efficiency_ci },
  { name: 'idle-stream memory, full / bare', value: ratios.stream_memory, ci: null },
  { name: 'CPU, DPoP / bearer', value: ratios.dpop, ci: ratios.dpop_ci },
];

const ratioColumns: readonly Column<RatioLine>[] = [
  word('ratio', (line) => line.name),
  number('median', (line) => fixed(line.value, 2)),
  word('95 % CI', (line) => interval(line.ci, 2)),
];

const targetColumns: readonly Column<Target>[] = [
  word('target', (target) => target.name),
  number('measured', (target) => fixed(target.measured, 2)),
  word('', (target) => (target.met === null ? 'not measured' : target.met ? 'met' : 'MISSED')),
];

const absentText = (reason: string | null): string => (reason === null ? '' : `absent: ${reason}`);

const isLoadRow = (row: Row): row is LoadRow => row.section === 'ladder' || row.section === 'bodies';

/** What a reader of the numbers must know. */
const notes = ({ rows }: Report): string => {
  const load = rows.filter(isLoadRow);
  const measured = load.filter((row) => row.absent === null);
  const limited = load.filter((row) => row.busy !== null && row.busy < 0.9);
  const altered = load.filter((row) => row.altered !== null && row.altered > 0);
  const list = (some: readonly LoadRow[]): string =>
    some.map((row) => `${row.variant} (${row.shape})`).join(', ');
  return [
    limited.length === 0
      ? ''
      : `Below 90 % busy, so the load generator (or another user of the machine) was the limit, and rps says less than\n` +
        `CPU does: ${limited.length === measured.length ? 'every row' : list(limited)}.`,
    altered.length === 0 ? '' : `Replies right in meaning but not forwarded byte for byte: ${list(altered)}.`,
  ]
    .filter((line) => line !== '')
    .join('\n');
};
