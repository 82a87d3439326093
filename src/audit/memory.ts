import type { AuditRecord } from '../model/record.ts';
import type { Journal } from '../pipeline/ports.ts';

/** A journal that forgets everything when the process ends; for tests and embedding. */
export interface MemoryJournal extends Journal {
  /** The newest records, oldest first. */
  readonly records: () => readonly AuditRecord[];
}

/** Keeps the newest `limit` records (default 10,000). Its promises say nothing about crashes. */
export function createMemoryJournal(limit = 10_000): MemoryJournal {
  const kept: AuditRecord[] = [];
  return {
    append: async (record) => {
      kept.push(structuredClone(record));
      if (kept.length > limit) kept.shift();
    },
    records: () => [...kept],
  };
}
