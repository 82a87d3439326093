import { open, truncate, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { linesBackward } from './lines.ts';
import { parseRecordLine } from './record-line.ts';
import type { SegmentPosition } from './segment-log.ts';
import { listSegments, type Segment } from './segments.ts';

/** Where a log goes on. */
export interface Resumption {
  readonly position: SegmentPosition;
  /** The place of the next record. */
  readonly seq: number;
  /** What had to be mended, in sentences for the operator. */
  readonly repairs: readonly string[];
}

/**
 * Finds the end of a log. What follows the last whole record (a line torn by a crash) is moved to a side file, so the
 * next record cannot run into it.
 */
export async function resumeLog(directory: string): Promise<Resumption> {
  const segments = await listSegments(directory);
  const last = segments.at(-1);
  if (last === undefined) return { position: { number: 1, length: 0 }, seq: 1, repairs: [] };
  const end = await endOf(last);
  const repairs = end.length < end.size ? [await cutTail(last, end.length, end.size)] : [];
  const seq = end.seq ?? (await lastSeqBefore(segments.slice(0, -1)));
  return { position: { number: last.number, length: end.length }, seq: seq + 1, repairs };
}

interface SegmentEnd {
  readonly size: number;
  /** Bytes up to the end of the last whole record. */
  readonly length: number;
  readonly seq: number | undefined;
}

async function endOf(segment: Segment): Promise<SegmentEnd> {
  const file = await open(segment.path, 'r');
  try {
    const { size } = await file.stat();
    for await (const line of linesBackward(file, size)) {
      const seq = parseRecordLine(line.text)?.seq;
      if (seq !== undefined) return { size, length: line.end, seq };
    }
    return { size, length: 0, seq: undefined };
  } finally {
    await file.close();
  }
}

async function lastSeqBefore(segments: readonly Segment[]): Promise<number> {
  for (const segment of segments.toReversed()) {
    const { seq } = await endOf(segment);
    if (seq !== undefined) return seq;
  }
  return 0;
}

async function cutTail(segment: Segment, length: number, size: number): Promise<string> {
  const tail = Buffer.alloc(size - length);
  const file = await open(segment.path, 'r');
  try {
    await file.read(tail, 0, tail.length, length);
  } finally {
    await file.close();
  }
  const side = `${segment.path}.torn-${length}`;
  await writeFile(side, tail, { mode: 0o600, flush: true });
  await truncate(segment.path, length);
  return (
    `audit segment \`${basename(segment.path)}\` ended in ${tail.length} bytes that are no whole record, as after a ` +
    `crash; they were never confirmed and are kept in \`${basename(side)}\``
  );
}
