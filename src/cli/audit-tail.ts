import { formatRecord } from '../audit/format-record.ts';
import { readRecords } from '../audit/read-records.ts';
import { loadConfigOfRunning } from './config-file.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { dataHasColour, output } from './output.ts';
import { stopSignal } from './stop-signal.ts';

/** How `bartizan audit tail` was asked for. */
export interface AuditTailOptions {
  readonly config?: string;
  /** The directory of the log; undefined: the one of the configuration. */
  readonly directory?: string;
  readonly lines: number;
  readonly follow: boolean;
  readonly json: boolean;
}

/** Prints the newest records of the audit log, and with `--follow` those to come. */
export async function runAuditTail(options: AuditTailOptions): Promise<ExitCode> {
  const directory = options.directory ?? (await loadConfigOfRunning(options.config)).settings.audit.directory;
  const ending = new AbortController();
  void stopSignal(() => process.exit(130)).then(() => ending.abort());
  let isDamaged = false;
  const records = readRecords(directory, {
    last: options.lines,
    follow: options.follow,
    signal: ending.signal,
    onDamage: (message) => {
      isDamaged = true;
      output.say(`${output.style('red', 'error')} ${message}`);
    },
  });
  const colour = dataHasColour();
  for await (const record of records)
    output.data(options.json ? JSON.stringify(record) : formatRecord(record, { colour }));
  return isDamaged ? exitCode.findings : exitCode.ok;
}
