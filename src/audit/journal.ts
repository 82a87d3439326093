import { chmod, mkdir } from 'node:fs/promises';
import type { AuditRecord } from '../model/record.ts';
import type { Journal } from '../pipeline/ports.ts';
import { lockDirectory } from './directory-lock.ts';
import { groupCommit, type Haste } from './group-commit.ts';
import { type JournalFs, nodeJournalFs } from './journal-file.ts';
import { recordLine, recordText } from './record-line.ts';
import { type Resumption, resumeLog } from './resume.ts';
import { openSegmentLog, type SegmentLog } from './segment-log.ts';

/** Where the audit log stands and how its files are cut. */
export interface JournalOptions {
  /** The directory of the segments; it is made with mode 0700 when it is not there. */
  readonly directory: string;
  /** Size in bytes after which a new segment begins. Default 64 MiB. */
  readonly segmentBytes?: number;
  readonly fs?: JournalFs;
}

/** A journal on disk. */
export interface FileJournal extends Journal {
  /** What had to be mended when the log was opened, in sentences for the operator; empty after a clean end. */
  readonly repairs: readonly string[];
  /** Writes what waits and gives the directory back. Later appends are refused. */
  readonly close: () => Promise<void>;
}

const defaultSegmentBytes = 64 * 1024 * 1024;
const mostWaiting = 100_000;

/**
 * Opens the append-only log of JSON Lines in `directory`, for this process alone.
 *
 * Records of one turn are written and synced together (group commit). When a write or sync fails, its records are
 * refused; the next append first cuts the log back to its last confirmed record and then tries again, so a disk that
 * was full is used again as soon as there is room. Rejects when the directory cannot be used.
 */
export async function openJournal(options: JournalOptions): Promise<FileJournal> {
  const { directory } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  const release = lockDirectory(directory);
  try {
    const resumed = await resumeLog(directory);
    const log = await openSegmentLog({
      directory,
      fs: options.fs ?? nodeJournalFs,
      segmentBytes: options.segmentBytes ?? defaultSegmentBytes,
      start: resumed.position,
    });
    return journalOver(directory, log, resumed, release);
  } catch (cause) {
    release();
    throw cause;
  }
}

function journalOver(
  directory: string,
  log: SegmentLog,
  resumed: Resumption,
  release: () => void,
): FileJournal {
  let next = resumed.seq;
  let closed = false;
  const group = groupCommit(async (texts) => {
    // The place is given here, not on append: a group that fails must leave no gap.
    const lines = texts.map((text, index) => recordLine(next + index, text)).join('');
    await log.write(Buffer.from(lines)).catch((cause: unknown) => {
      throw unwritable(directory, cause);
    });
    next += texts.length;
  }, mostWaiting);
  return {
    repairs: resumed.repairs,
    append: (record: AuditRecord) => {
      if (closed) return Promise.reject(new Error(`the audit log \`${directory}\` is closed`));
      try {
        return group.add(recordText(record), hasteOf(record));
      } catch (cause) {
        return Promise.reject(new Error('the record cannot be written as JSON', { cause }));
      }
    },
    close: async () => {
      if (closed) return;
      closed = true;
      await group.drain();
      await log.close();
      release();
    },
  };
}

/** Nobody waits for the outcome of a released call. Alone it would cost a sync of its own. */
function hasteOf(record: AuditRecord): Haste {
  return record.kind === 'outcome' && record.outcome === 'released' ? 'soon' : 'now';
}

function unwritable(directory: string, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Error(`the audit log \`${directory}\` cannot be written: ${why}`, { cause });
}
