import { isJsonObject } from '../model/json.ts';
import type { AuditRecord } from '../model/record.ts';

/** A record as it stands in the log: with the version of the line's shape and its place in the log, from 1. */
export type LoggedRecord = AuditRecord & { readonly v: 1; readonly seq: number };

/**
 * The text of a record before its place in the log is known.
 *
 * INVARIANT: it holds no line break (JSON escapes them), so one line is one record. Throws on what JSON cannot hold.
 */
export function recordText(record: AuditRecord): string {
  return JSON.stringify(record);
}

/** The line of a record at its place. */
export function recordLine(seq: number, text: string): string {
  return `{"v":1,"seq":${seq},${text.slice(1)}\n`;
}

/** Reads a line (without its line break) back; undefined when it is not a record of this log. */
export function parseRecordLine(line: string): LoggedRecord | undefined {
  const value = parseJson(line);
  if (!isJsonObject(value) || value['v'] !== 1 || !Number.isSafeInteger(value['seq'])) return undefined;
  return typeof value['kind'] === 'string' ? (value as unknown as LoggedRecord) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
