import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InsideLatency } from '../protocol.ts';
import { quantile } from '../stats.ts';

interface Outcome {
  readonly kind: string;
  readonly totalUs?: number;
  readonly upstreamUs?: number;
  readonly waitUs?: number;
}

/**
 * Reads what the gateway itself wrote about its calls: the time from arrival to release, less what it waited for the
 * upstream and for the disk. Each call covers the records since the one before.
 */
export function latencyFromLog(directory: string): () => InsideLatency | undefined {
  let seen = 0;
  return () => {
    const lines = readdirSync(directory)
      .filter((name) => name.endsWith('.jsonl'))
      .sort()
      .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n'));
    const fresh = lines.slice(seen, -1);
    seen = Math.max(0, lines.length - 1);
    const added = fresh
      .flatMap((line) => insideUs(JSON.parse(line || '{}') as Outcome))
      .sort((a, b) => a - b);
    if (added.length === 0) return undefined;
    return { p50_us: quantile(added, 0.5), p99_us: quantile(added, 0.99) };
  };
}

function insideUs({ kind, totalUs, upstreamUs = 0, waitUs = 0 }: Outcome): readonly number[] {
  return kind === 'outcome' && totalUs !== undefined ? [totalUs - upstreamUs - waitUs] : [];
}
