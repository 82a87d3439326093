import type { Eventual } from '../model/eventual.ts';
import { faultTrace } from '../model/fault-message.ts';
import { Refusal, refuse } from '../model/refusal.ts';

/**
 * One step of the pipeline. It needs certain proofs in the state and adds its own, or refuses.
 * `run` is a property, not a method, so that the compiler compares its parameter strictly: a stage whose needs are
 * not met yet does not type-check.
 */
export interface Stage<Needs, Adds> {
  readonly name: string;
  readonly run: (state: Needs, signal: AbortSignal) => Eventual<Adds | Refusal>;
}

/** Stages in order. `Now` is what is proven after the last of them. */
export interface Pipeline<First, Now> {
  readonly through: <Adds>(stage: Stage<Now, Adds>) => Pipeline<First, Now & Adds>;
  readonly run: (first: First, signal: AbortSignal) => Promise<Now | Stopped<First, Now>>;
}

/** A run that ended early: what was proven until then, and why it ended. */
export class Stopped<First, Now> {
  readonly stage: string;
  readonly refusal: Refusal;
  readonly state: First & Partial<Now>;

  constructor(stage: string, refusal: Refusal, state: First & Partial<Now>) {
    this.stage = stage;
    this.refusal = refusal;
    this.state = state;
  }
}

/** An empty pipeline. */
export function pipeline<First>(): Pipeline<First, First> {
  return extend<First, First>([]);
}

type AnyStage = Stage<never, object>;

function extend<First, Now>(stages: readonly AnyStage[]): Pipeline<First, Now> {
  return {
    through: <Adds>(stage: Stage<Now, Adds>) =>
      extend<First, Now & Adds>([...stages, stage as unknown as AnyStage]),
    run: (first, signal) => runAll<First, Now>(stages, first, signal),
  };
}

/** INVARIANT: a stage that throws refuses. */
async function runAll<First, Now>(
  stages: readonly AnyStage[],
  first: First,
  signal: AbortSignal,
): Promise<Now | Stopped<First, Now>> {
  // The one object that grows is this runner's own; stages get it readonly. A copy for each stage costs 3 us a call.
  const state = { ...first } as First & Partial<Now>;
  for (const stage of stages) {
    let added: object | Refusal;
    try {
      const running = stage.run(state as never, signal);
      added = running instanceof Promise ? await running : running;
    } catch (fault) {
      added = refuse('internal_fault', faultTrace(fault));
    }
    if (added instanceof Refusal) return new Stopped(stage.name, added, state);
    Object.assign(state, added);
  }
  return state as Now;
}
