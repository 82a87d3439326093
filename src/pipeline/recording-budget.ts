import type { Clock } from './ports.ts';

/** How much of what anybody can cause gets a record of its own. */
export interface RecordingBudget {
  /** Takes one from the budget: how many were counted since the last one that was recorded, or undefined: count it. */
  readonly take: () => { readonly counted: number } | undefined;
}

/** So many at once, and then so many in a second. */
const burst = 1_000;
const perSecond = 20;

/**
 * Whoever reaches the port can be refused as often as it likes. If each refusal took its place on the disk, anybody
 * could fill it, and a log that cannot be written stops every call. What goes beyond the budget is counted.
 */
export function recordingBudget({ now: nowOf }: Pick<Clock, 'now'>): RecordingBudget {
  let left = burst;
  let refilledAt = nowOf();
  let counted = 0;
  return {
    take: () => {
      const now = nowOf();
      left = Math.min(burst, left + (Math.max(0, now - refilledAt) / 1000) * perSecond);
      refilledAt = now;
      if (left < 1) {
        counted += 1;
        return undefined;
      }
      left -= 1;
      const before = counted;
      counted = 0;
      return { counted: before };
    },
  };
}
