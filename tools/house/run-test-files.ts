import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Ended, runNode } from './step.ts';
import type { SummaryLine } from './summary-reporter.ts';
import { add, nothing, type Tally } from './tally.ts';

/** Each file has a process of its own and the whole of it must end within this time; slow machines may want more. */
const FILE_LIMIT_MS = Number(process.env['TEST_FILE_LIMIT_S'] ?? 180) * 1_000;

/** Two at a time on a small machine; more than four only makes timing tests unsure. */
const LANES = Math.min(4, Math.max(2, availableParallelism()));

const REPORTER = fileURLToPath(new URL('./summary-reporter.ts', import.meta.url));

/** Runs test files by `node --test`, one process each, prints a line per file, and all output of what failed. */
export async function runTestFiles(
  root: string,
  files: readonly string[],
  lanes: number = LANES,
): Promise<Tally> {
  const scratch = mkdtempSync(join(tmpdir(), 'bartizan-test-'));
  const queue = [...files];
  let total = nothing;
  const lane = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const tally = await runFile(root, file, scratch);
      // Only now is `total` read: the other lanes have added to it in the meantime.
      total = add(total, tally);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  rmSync(scratch, { recursive: true, force: true });
  return total;
}

async function runFile(root: string, file: string, scratch: string): Promise<Tally> {
  const name = relative(root, file);
  const results = join(scratch, `${name.replaceAll(/[\\/]/g, '_')}.jsonl`);
  const ended = await runNode(
    [
      ...['--test', '--test-isolation=none', '--test-reporter=spec', '--test-reporter-destination=stdout'],
      ...[`--test-reporter=${REPORTER}`, `--test-reporter-destination=${results}`, file],
    ],
    root,
    FILE_LIMIT_MS,
  );
  const lines = read(results);
  const tally = judge(name, ended, lines);
  report(name, ended, tally);
  for (const line of lines) if (line.kind === 'said') console.log(`      ${line.text}`);
  return tally;
}

function read(results: string): readonly SummaryLine[] {
  try {
    const lines = readFileSync(results, 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as SummaryLine);
  } catch {
    return [];
  }
}

/** INVARIANT: a file that ran no test, was cut off or exited badly is never a pass, whatever it counted. */
function judge(name: string, ended: Ended, lines: readonly SummaryLine[]): Tally {
  const counts = lines.findLast((line) => line.kind === 'counts');
  const skipped = lines.flatMap((line) =>
    line.kind === 'skipped' ? [`${name}: ${line.name} (${line.reason})`] : [],
  );
  const { passed, failed } = counts ?? nothing;
  const sound = ended.code === 0 && counts !== undefined && passed + failed + skipped.length > 0;
  return { passed, failed: sound ? failed : Math.max(1, failed), skipped };
}

function report(name: string, ended: Ended, tally: Tally): void {
  const counts = `${tally.passed} passed${tally.failed > 0 ? `, ${tally.failed} failed` : ''}`;
  const why = ended.timedOut ? `; cut off after ${FILE_LIMIT_MS / 1_000} s, is something left open?` : '';
  console.log(
    `${tally.failed > 0 ? 'FAIL' : '  ok'}  ${name}  ${counts}  ${ended.seconds.toFixed(1)} s${why}`,
  );
  if (tally.failed > 0) console.log(ended.output.replaceAll(/^/gm, '      '));
}
