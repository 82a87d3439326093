import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { linesBackward, linesForward } from './lines.ts';
import { type LoggedRecord, parseRecordLine } from './record-line.ts';
import { listSegments, type Segment } from './segments.ts';

/** Which records are wanted. */
export interface ReadOptions {
  /** Begin with the newest `last` records that pass the filter. Without it, begin with the first of the log. */
  readonly last?: number;
  /** Go on with records as they are written, until the signal aborts. */
  readonly follow?: boolean;
  readonly filter?: (record: LoggedRecord) => boolean;
  readonly signal?: AbortSignal;
  /** Takes a sentence about a line that is no record. Without it such a line throws. */
  readonly onDamage?: (message: string) => void;
}

interface Cursor {
  readonly segment: Segment;
  readonly position: number;
}

type Wanted = Required<Omit<ReadOptions, 'last' | 'signal'>> & { readonly signal: AbortSignal | undefined };

const pollMs = 150;

/** Reads the records of a log in their order, also while a gateway writes to it. Throws when it cannot be read. */
export async function* readRecords(
  directory: string,
  options: ReadOptions = {},
): AsyncGenerator<LoggedRecord> {
  const wanted: Wanted = {
    follow: options.follow ?? false,
    filter: options.filter ?? (() => true),
    signal: options.signal,
    onDamage: options.onDamage ?? refuseDamage,
  };
  const segments = await listSegments(directory);
  let cursor = startOf(segments[0]);
  if (options.last !== undefined) {
    const newest = await newestRecords(segments, options.last, wanted);
    yield* newest.records;
    cursor = newest.end;
  }
  yield* recordsFrom(directory, cursor, wanted);
}

function refuseDamage(message: string): never {
  throw new Error(message);
}

function startOf(segment: Segment | undefined): Cursor | undefined {
  return segment === undefined ? undefined : { segment, position: 0 };
}

interface Newest {
  readonly records: readonly LoggedRecord[];
  /** Where reading goes on: the end of the last whole line there was. */
  readonly end: Cursor | undefined;
}

async function newestRecords(segments: readonly Segment[], count: number, wanted: Wanted): Promise<Newest> {
  const found: LoggedRecord[] = [];
  let end: Cursor | undefined;
  for (const segment of segments.toReversed()) {
    const read = await newestOf(segment, count - found.length, wanted);
    found.push(...read.records);
    end ??= read.end;
    if (found.length >= count) break;
  }
  return { records: found.reverse(), end };
}

/** The newest records of one segment, newest first. */
async function newestOf(segment: Segment, count: number, wanted: Wanted): Promise<Newest> {
  const records: LoggedRecord[] = [];
  let position = 0;
  const file = await open(segment.path, 'r');
  try {
    for await (const { text, end } of linesBackward(file, await sizeOf(file))) {
      position = Math.max(position, end);
      if (records.length >= count) break;
      const record = recordOf(segment, text, end, wanted);
      if (record !== undefined) records.push(record);
    }
    return { records, end: { segment, position } };
  } finally {
    await file.close();
  }
}

async function* recordsFrom(
  directory: string,
  start: Cursor | undefined,
  wanted: Wanted,
): AsyncGenerator<LoggedRecord> {
  let cursor = start;
  while (wanted.signal?.aborted !== true) {
    // Asked before reading: once there is a later segment, this one grows no more and can be left at its end.
    const later = await segmentAfter(directory, cursor?.segment.number ?? 0);
    if (cursor !== undefined) cursor = yield* recordsOf(cursor, wanted);
    if (later !== undefined) cursor = startOf(later);
    else if (wanted.follow) await pause(wanted.signal);
    else return;
  }
}

async function segmentAfter(directory: string, number: number): Promise<Segment | undefined> {
  return (await listSegments(directory)).find((segment) => segment.number > number);
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  // An aborted wait is how following ends, not a failure.
  await sleep(pollMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}

async function* recordsOf(
  { segment, position }: Cursor,
  wanted: Wanted,
): AsyncGenerator<LoggedRecord, Cursor> {
  const file = await open(segment.path, 'r');
  try {
    // A segment is cut back after a failed write; what was cut was never confirmed.
    let at = Math.min(position, await sizeOf(file));
    for await (const line of linesForward(file, at)) {
      if (wanted.signal?.aborted === true) break;
      at = line.end;
      const record = recordOf(segment, line.text, line.end, wanted);
      if (record !== undefined) yield record;
    }
    return { segment, position: at };
  } finally {
    await file.close();
  }
}

async function sizeOf(file: FileHandle): Promise<number> {
  return (await file.stat()).size;
}

function recordOf(segment: Segment, text: string, end: number, wanted: Wanted): LoggedRecord | undefined {
  const record = parseRecordLine(text);
  if (record === undefined) {
    wanted.onDamage(
      `audit segment \`${basename(segment.path)}\`: the line that ends at byte ${end} is no record; the file was ` +
        'changed by something else than the gateway',
    );
    return undefined;
  }
  return wanted.filter(record) ? record : undefined;
}
