import type { AccessRequest, Decision } from '../model/decision.ts';
import type { Policy } from '../pipeline/ports.ts';
import { type AccessQuery, createAccessQuery } from './access-query.ts';
import { may } from './cedar/abstract.ts';
import { evaluate, type Verdict } from './cedar/evaluate.ts';
import { EvaluationFault } from './cedar/fault.ts';
import { type CompiledPolicy, createPolicyIndex } from './cedar/policy-index.ts';
import { isComparable } from './comparable.ts';
import { createComparison, type Difference } from './comparison.ts';
import { createLocalClock } from './local-time.ts';
import { PolicyProblems } from './problem.ts';
import { type PolicySource, readSources } from './read-sources.ts';

/** What a policy engine is made of. */
export interface PolicyOptions {
  readonly sources: readonly PolicySource[];
  /** The IANA zone of `context.time`, such as `Europe/Berlin`. */
  readonly timezone: string;
  /** One of how many decisions the official engine decides again; 1,000 by default, 0 for none. */
  readonly sample?: number;
  /** Hears of the first decision on which the official engine differs. From then on everything is denied. */
  readonly onDifference?: (difference: Difference) => void;
  /** Runs a comparison after the reply's work; `setImmediate` by default. */
  readonly later?: (task: () => void) => void;
}

/**
 * Makes the policy engine: Cedar with default deny, forbid over permit, and denial on any evaluation error, because
 * Cedar skips a forbid that errs.
 *
 * @throws PolicyProblems for policies that cannot be used; its message names file, line, column and mend of each.
 * @throws Error for an unknown time zone.
 */
export function createPolicy(options: PolicyOptions): Policy {
  const { policies, problems } = readSources(options.sources);
  if (problems.length > 0) throw new PolicyProblems(problems);
  const read = createAccessQuery({ zone: options.timezone, localTime: createLocalClock(options.timezone) });
  const index = createPolicyIndex(policies);
  const comparison = createComparison({
    policies: Object.fromEntries(policies.map(({ id, text }) => [id, text])),
    every: options.sample ?? 1000,
    onDifference: options.onDifference ?? ((): void => {}),
    later: options.later ?? setImmediate,
  });
  const candidates = (query: AccessQuery): readonly CompiledPolicy[] =>
    index.candidates(query.actionLine, query.principal);
  return {
    decide: (request) => {
      if (comparison.differed()) return refusal(differs);
      return refusingFaults(() => {
        const query = read(request);
        if (query.openResource) return refusal(openResource(request));
        const verdict = evaluate(candidates(query), query);
        if (isComparable(request.args)) comparison.sample(query, verdict);
        return decisionOf(verdict);
      });
    },
    couldPermit: (request) => {
      if (comparison.differed()) return false;
      return withoutFault(() => {
        const query = read({ ...request, args: undefined });
        return couldHold(candidates(query), query);
      });
    },
  };
}

const differs =
  'the compiled evaluator and the official Cedar engine differed on a decision: everything is denied until a restart; please report what the log says of it';

function openResource({ resource }: AccessRequest): string {
  return `the tags of \`${resource.id}\` are not all known: the argument that names the resource is absent or is no plain name`;
}

function decisionOf({ permits, forbids, faults }: Verdict): Decision {
  if (faults.length === 0 && forbids.length === 0 && permits.length > 0) {
    return { effect: 'permit', policies: permits, errors: [] };
  }
  return { effect: 'deny', policies: forbids, errors: faults.map(({ id, message }) => `${id}: ${message}`) };
}

function refusal(error: string): Decision {
  return { effect: 'deny', policies: [], errors: [error] };
}

function refusingFaults(decide: () => Decision): Decision {
  try {
    return decide();
  } catch (error) {
    if (error instanceof EvaluationFault) return refusal(error.message);
    throw error;
  }
}

function withoutFault(decide: () => boolean): boolean {
  try {
    return decide();
  } catch (error) {
    if (error instanceof EvaluationFault) return false;
    throw error;
  }
}

/** Some permit may hold, no forbid surely holds, and no policy surely errs. */
function couldHold(candidates: readonly CompiledPolicy[], query: AccessQuery): boolean {
  let permitted = false;
  for (const { effect, outcomes } of candidates) {
    const can = outcomes(query);
    if (!(can & may.fail) && (effect === 'forbid' || !(can & may.hold))) return false;
    permitted ||= effect === 'permit' && (can & may.hold) !== 0;
  }
  return permitted;
}
