import { styleText } from 'node:util';
import type { DecisionRecord, EventRecord, OutcomeRecord, RecordedTask } from '../model/record.ts';
import type { LoggedRecord } from './record-line.ts';

/** How a record is shown. */
export interface FormatOptions {
  /** Colours for a terminal. Default false. */
  readonly colour?: boolean;
}

type Colour = 'green' | 'red' | 'yellow' | 'cyan' | 'dim';
type Paint = (colour: Colour, text: string) => string;

/**
 * One line for a person: time, outcome, user, agent, action, resource, reason.
 *
 * INVARIANT: it holds no control or formatting characters but its own colours; names in the log come from callers and
 * must not move the cursor or hide text.
 */
export function formatRecord(record: LoggedRecord, options: FormatOptions = {}): string {
  const paint: Paint =
    options.colour === true
      ? (colour, text) => styleText(colour, text, { validateStream: false })
      : (_, text) => text;
  return `${paint('dim', visible(record.at))}  ${rest(record, paint)}`.trimEnd();
}

function rest(record: LoggedRecord, paint: Paint): string {
  switch (record.kind) {
    case 'decision':
      return decisionText(record, paint);
    case 'outcome':
      return outcomeText(record, paint);
    case 'event':
      return eventText(record, paint);
    default:
      return visible(
        `${String((record as { kind: unknown }).kind)}: a kind of record this version does not know`,
      );
  }
}

function decisionText(record: DecisionRecord, paint: Paint): string {
  const { subject } = record;
  return [
    paint(record.decision === 'permit' ? 'green' : 'red', record.decision.padEnd(8)),
    cell(subject?.user ?? '-', 18),
    cell(subject?.agent ?? '-', 18),
    cell(record.action ?? '-', 28),
    cell(record.resource?.id ?? '-', 28),
    visible(decisionReason(record)),
  ].join('  ');
}

/** Random to the end, so that the last characters tell the tasks of one second apart. */
const shownOfTask = 12;

function taskText({ id, implicit }: RecordedTask): string {
  return `${implicit === true ? 'implicit task' : 'task'} ${id.slice(-shownOfTask)}`;
}

function decisionReason(record: DecisionRecord): string {
  const why = [record.denial, record.detail].filter((part) => part !== undefined).join(': ');
  const by = record.policies.length > 0 ? `by ${record.policies.join(', ')}` : '';
  const tied = record.obligations.length > 0 ? `with ${record.obligations.join('; ')}` : '';
  const task = record.subject?.task === undefined ? '' : `in ${taskText(record.subject.task)}`;
  return [why, by, tied, task, `[${record.id}]`].filter((part) => part !== '').join(' ');
}

function outcomeText(record: OutcomeRecord, paint: Paint): string {
  const why = [record.denial, record.detail, ...record.findings]
    .filter((part) => part !== undefined)
    .join(': ');
  const took = `${(record.totalUs / 1000).toFixed(1)} ms`;
  const size = record.bytes === undefined ? '' : `, ${record.bytes} bytes`;
  const name = paint(record.outcome === 'released' ? 'cyan' : 'yellow', record.outcome.padEnd(8));
  return `${name}  ${visible(`${took}${size} ${why} [${record.id}]`.replace(/ {2,}/g, ' '))}`;
}

function eventText(record: EventRecord, paint: Paint): string {
  return `${paint('cyan', 'event   ')}  ${visible(record.event)}  ${visible(JSON.stringify(record.facts))}`;
}

function cell(text: string, width: number): string {
  return visible(text).padEnd(width);
}

/** Writes what could not be seen, or could act on a terminal, as `\u{..}`. */
function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`,
  );
}
