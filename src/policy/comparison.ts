import type { AccessQuery } from './access-query.ts';
import { createOracle, type OracleAnswer, type OracleRequest } from './cedar/engine.ts';
import type { Verdict } from './cedar/evaluate.ts';
import { EvaluationFault } from './cedar/fault.ts';
import { uidText } from './cedar/operators.ts';
import { oracleRequest } from './cedar/oracle-request.ts';

/**
 * A decision on which the compiled evaluator and the official engine differ, fit for a log: arguments and claims are
 * left out, because they may hold secrets.
 */
export interface Difference {
  /** `Type::"id"` of each. */
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly compiled: OracleAnswer;
  /** The official answer, or why the official engine gave none. */
  readonly official: OracleAnswer | { readonly failure: string };
}

/** Compares decisions with the official engine, now and then. */
export interface Comparison {
  /** Takes note of a decision; every so many are compared after the reply's work is done. */
  readonly sample: (query: AccessQuery, verdict: Verdict) => void;
  /** Whether the two ever differed. */
  readonly differed: () => boolean;
}

/** How decisions are compared. */
export interface ComparisonSettings {
  /** Policy texts by id. */
  readonly policies: Readonly<Record<string, string>>;
  /** One of how many decisions is compared; 0 for none. */
  readonly every: number;
  readonly onDifference: (difference: Difference) => void;
  /** Runs a task off the reply's critical path. */
  readonly later: (task: () => void) => void;
}

/** Makes the sampled comparison of one set of policies. At most one comparison waits. */
export function createComparison({ policies, every, onDifference, later }: ComparisonSettings): Comparison {
  const oracle = createOracle(policies);
  let decisions = 0;
  let waiting = false;
  let broken = false;
  const compare = (query: AccessQuery, verdict: Verdict): void => {
    waiting = false;
    const compiled = asOfficial(verdict);
    const question = faithful(query);
    if (question === undefined) return;
    const official = ask(() => oracle.authorize(question));
    if (broken || (!('failure' in official) && sameAnswer(compiled, official))) return;
    broken = true;
    onDifference({
      principal: uidText(query.principal),
      action: uidText(query.action),
      resource: uidText(query.resource),
      compiled,
      official,
    });
  };
  return {
    differed: () => broken,
    sample: (query, verdict) => {
      if (every === 0 || decisions++ % every !== 0 || waiting) return;
      waiting = true;
      later(() => compare(query, verdict));
    },
  };
}

/** The question to the official engine; undefined where an argument cannot be put to it exactly. */
function faithful(query: AccessQuery): OracleRequest | undefined {
  try {
    return oracleRequest(query, query.entities());
  } catch (error) {
    if (error instanceof EvaluationFault) return undefined;
    throw error;
  }
}

/** A verdict as the official engine would report it: erring policies skipped, forbid over permit. */
export function asOfficial({ permits, forbids, faults }: Verdict): OracleAnswer {
  const decision = forbids.length === 0 && permits.length > 0 ? 'allow' : 'deny';
  return { decision, reason: forbids.length > 0 ? forbids : permits, errors: faults.map(({ id }) => id) };
}

/** Whether two answers say the same, in whatever order. */
export function sameAnswer(left: OracleAnswer, right: OracleAnswer): boolean {
  return text(left) === text(right);
}

function text({ decision, reason, errors }: OracleAnswer): string {
  return JSON.stringify([decision, reason.toSorted(), errors.toSorted()]);
}

function ask(authorize: () => OracleAnswer): Difference['official'] {
  try {
    return authorize();
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}
