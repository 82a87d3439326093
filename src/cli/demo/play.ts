import { setTimeout as sleep } from 'node:timers/promises';
import { readRecords } from '../../audit/read-records.ts';
import type { LoggedRecord } from '../../audit/record-line.ts';
import type { DecisionRecord, OutcomeRecord } from '../../model/record.ts';
import type { Agent, Answered } from './agent.ts';
import type { Step } from './script.ts';

/** What came of a step, by the wire and by the log. */
export interface Played {
  readonly step: Step;
  readonly args: Readonly<Record<string, string>>;
  readonly answer: Answered;
  /** The record of the decision, as it stands in the audit log. */
  readonly decision: LoggedRecord & DecisionRecord;
  /** The record of what became of a permitted call. */
  readonly outcome: OutcomeRecord | undefined;
  /** Whether it went as the script demands. */
  readonly asExpected: boolean;
}

/** Plays the steps one after the other, and tells of each as soon as it is over. */
export async function play(
  agent: Agent,
  auditDirectory: string,
  steps: readonly Step[],
  tell: (played: Played) => void,
): Promise<readonly Played[]> {
  const all: Played[] = [];
  for (const step of steps) {
    const args = step.args({ latest: all.at(-1)?.answer.text ?? '' });
    const answer = await agent.call(step.tool, args);
    const records = await recordsOf(auditDirectory, answer.request);
    const played = { step, args, answer, ...records, asExpected: isAsExpected(step, answer, records) };
    all.push(played);
    tell(played);
  }
  return all;
}

type Records = Pick<Played, 'decision' | 'outcome'>;

const recordLimitMs = 2_000;

/** The decision is in the log before its result is out; the outcome of a permitted call follows at once. */
async function recordsOf(directory: string, request: string): Promise<Records> {
  for (const deadline = Date.now() + recordLimitMs; Date.now() < deadline; await sleep(20)) {
    const records = pick(await readAll(directory), request);
    if (records?.outcome !== undefined || records?.decision.decision === 'deny') return records;
  }
  throw new Error('the audit log does not hold what became of a call that was answered');
}

function pick(records: readonly LoggedRecord[], request: string): Records | undefined {
  const decisions = records.filter((record) => record.kind === 'decision');
  const decision = decisions.find((each) => each.request === request);
  if (decision === undefined) return undefined;
  const outcomes = records.filter((record) => record.kind === 'outcome');
  return { decision, outcome: outcomes.find(({ id }) => id === decision.id) };
}

async function readAll(directory: string): Promise<readonly LoggedRecord[]> {
  const records: LoggedRecord[] = [];
  for await (const record of readRecords(directory)) records.push(record);
  return records;
}

function isAsExpected({ expected }: Step, answer: Answered, { decision, outcome }: Records): boolean {
  if (decision.decision !== expected.verdict) return false;
  if (expected.verdict === 'deny') return answer.failed && answer.denial === expected.denial;
  const { finding } = expected;
  const found = finding === undefined || outcome?.findings.some((each) => each.startsWith(finding)) === true;
  return found && !answer.failed && expected.result(answer.text);
}
