/** How much verifying one message may cause, so that a text made of anchors costs no more than a bounded time. */
export interface Budget {
  /** Takes a cost off; false when that much is not left. */
  readonly spend: (cost: number) => boolean;
  /** Whether something was refused: then searching on is of no use. */
  readonly exhausted: () => boolean;
  /** True once, after the first refusal. */
  readonly ranOut: () => boolean;
}

/** Starts a budget. */
export function startBudget(units: number): Budget {
  let left = units;
  let refused = false;
  let told = false;
  return {
    spend(cost): boolean {
      left -= cost;
      refused ||= left < 0;
      return left >= 0;
    },
    exhausted: () => refused,
    ranOut(): boolean {
      const first = refused && !told;
      told ||= refused;
      return first;
    },
  };
}
