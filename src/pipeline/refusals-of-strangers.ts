import type { Ports } from './ports.ts';
import { recordingBudget } from './recording-budget.ts';

/** Decides whether the refusal of an unidentified caller gets a record of its own. */
export interface RefusalsOfStrangers {
  readonly mayRecord: () => boolean;
}

/** Refusals beyond the budget are counted, and the count is recorded once there is room again. */
export function refusalsOfStrangers({
  journal,
  clock,
}: Pick<Ports, 'journal' | 'clock'>): RefusalsOfStrangers {
  const budget = recordingBudget(clock);
  const noteCounted = (count: number): void => {
    const noted = journal.append({
      kind: 'event',
      id: clock.uuid(),
      at: new Date(clock.now()).toISOString(),
      event: 'refusals counted',
      facts: { count, reason: 'more callers without a valid token than are recorded one by one' },
    });
    // Nothing is released that depends on this note; the next decision meets the same journal and refuses.
    noted.catch(() => undefined);
  };
  return {
    mayRecord: () => {
      const taken = budget.take();
      if (taken === undefined) return false;
      if (taken.counted > 0) noteCounted(taken.counted);
      return true;
    },
  };
}
