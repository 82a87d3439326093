import type { Report } from '../model/report.ts';
import type { Clock } from '../pipeline/ports.ts';
import { recordingBudget } from '../pipeline/recording-budget.ts';

/** What anybody who reaches the port can cause, as often as it likes. */
const ofStrangers: ReadonlySet<string> = new Set([
  'account not connected',
  'connect page failed',
  'connect page refused',
  'authorization server failed',
  'grant reused',
  'login failed',
  'login refused',
  'request refused',
  'SVID refused',
  'task page failed',
  'task page refused',
  'task refused',
]);

const longestFact = 1_024;

/**
 * Keeps the events that anybody can cause from filling the log: each is bounded in size, all of them together in number.
 * What goes beyond is counted, and the count is recorded once there is room again.
 */
export function boundedReport(report: Report, clock: Pick<Clock, 'now'>): Report {
  const budget = recordingBudget(clock);
  return (event, facts) => {
    if (!ofStrangers.has(event)) return report(event, facts);
    const taken = budget.take();
    if (taken === undefined) return;
    if (taken.counted > 0) {
      report('refusals counted', {
        count: String(taken.counted),
        reason: 'more refusals beside MCP than are recorded one by one',
      });
    }
    report(event, shortened(facts));
  };
}

function shortened(facts: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, text]) => [
      name,
      text.length > longestFact ? `${text.slice(0, longestFact).toWellFormed()}…` : text,
    ]),
  );
}
