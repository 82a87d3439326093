import { EvaluationFault } from './fault.ts';
import type { CompiledPolicy } from './policy-index.ts';
import type { Query } from './query.ts';

/** What the policies say to one question, nothing skipped. */
export interface Verdict {
  /** Ids of the permits that hold. */
  readonly permits: readonly string[];
  /** Ids of the forbids that hold. */
  readonly forbids: readonly string[];
  readonly faults: readonly PolicyFault[];
}

/** A policy that could not be evaluated, and why. */
export interface PolicyFault {
  readonly id: string;
  readonly message: string;
}

/** Evaluates every candidate. */
export function evaluate(candidates: readonly CompiledPolicy[], query: Query): Verdict {
  const permits: string[] = [];
  const forbids: string[] = [];
  const faults: PolicyFault[] = [];
  for (const { id, effect, holds } of candidates) {
    try {
      if (holds(query) === true) (effect === 'permit' ? permits : forbids).push(id);
    } catch (error) {
      if (!(error instanceof EvaluationFault)) throw error;
      faults.push({ id, message: error.message });
    }
  }
  return { permits, forbids, faults };
}
