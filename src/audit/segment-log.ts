import type { JournalFile, JournalFs } from './journal-file.ts';
import { segmentAt } from './segments.ts';

/** Bytes on their way into numbered segments. */
export interface SegmentLog {
  /**
   * Resolves when the bytes are on the disk, whole; rejects when they are not. After a rejection the next write
   * first cuts off what the failed one may have left. One write at a time.
   */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Where and how to write. */
export interface SegmentLogOptions {
  readonly directory: string;
  readonly fs: JournalFs;
  /** A segment that has reached this size is followed by a new one. */
  readonly segmentBytes: number;
  readonly start: SegmentPosition;
}

/** A segment and the bytes of it that are known to be on the disk. */
export interface SegmentPosition {
  readonly number: number;
  readonly length: number;
}

interface Writing extends SegmentPosition {
  readonly file: JournalFile;
  /** False from the start of a write until its bytes are on the disk. */
  readonly sound: boolean;
}

/** Opens the log at a position. Rejects when the segment cannot be opened. */
export async function openSegmentLog(options: SegmentLogOptions): Promise<SegmentLog> {
  let now = await openAt(options, options.start);
  return {
    write: async (bytes) => {
      if (!now.sound) now = await recover(options, now);
      if (now.length >= options.segmentBytes) now = await rotate(options, now);
      now = { ...now, sound: false };
      await now.file.write(bytes, now.length);
      await now.file.sync();
      now = { ...now, length: now.length + bytes.byteLength, sound: true };
    },
    close: () => now.file.close(),
  };
}

async function openAt(options: SegmentLogOptions, { number, length }: SegmentPosition): Promise<Writing> {
  const file = await options.fs.open(segmentAt(options.directory, number).path);
  await options.fs.syncDirectory(options.directory);
  return { number, length, file, sound: true };
}

async function rotate(options: SegmentLogOptions, full: Writing): Promise<Writing> {
  const next = await openAt(options, { number: full.number + 1, length: 0 });
  await full.file.close();
  return next;
}

/**
 * A failed write leaves any part of its bytes, and a failed sync leaves the cache unlike the disk. So the segment is
 * opened anew and cut back to what was known to be on the disk.
 */
async function recover(options: SegmentLogOptions, broken: Writing): Promise<Writing> {
  const again = await openAt(options, broken);
  const size = await again.file.size();
  if (size >= again.length) {
    await again.file.truncate(again.length);
    await again.file.sync();
  }
  // The old handle is of no more use, so whether it closes cleanly changes nothing.
  await broken.file.close().catch(() => undefined);
  // A segment that lost bytes was changed from outside; adding to it would hide that.
  return size >= again.length ? again : rotate(options, again);
}
