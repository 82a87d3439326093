import { EvaluationFault } from './fault.ts';
import type { CompiledPolicy } from './policy-index.ts';
import type { Query } from './query.ts';
import { boolean } from './value.ts';

/** What the policies say to one question, nothing skipped. */
export interface Verdict {
  /** Ids of the permits that hold. */
  readonly permits: readonly string[];
  /** Ids of the forbids that hold. */
  readonly forbids: readonly string[];
  readonly faults: readonly PolicyFault[];
}

/** A policy that could not be evaluated, and why. */
interface PolicyFault {
  readonly id: string;
  readonly message: string;
}

/** Evaluates every candidate. */
export function evaluate(candidates: readonly CompiledPolicy[], query: Query): Verdict {
  const permits: string[] = [];
  const forbids: string[] = [];
  const faults: PolicyFault[] = [];
  for (const policy of candidates) {
    const answer = evaluateOne(policy, query);
    if (answer === true) (policy.effect === 'permit' ? permits : forbids).push(policy.id);
    else if (answer !== false) faults.push({ id: policy.id, message: answer.message });
  }
  return { permits, forbids, faults };
}

function evaluateOne({ holds }: CompiledPolicy, query: Query): boolean | EvaluationFault {
  try {
    return boolean(holds(query));
  } catch (error) {
    if (error instanceof EvaluationFault) return error;
    throw error;
  }
}
