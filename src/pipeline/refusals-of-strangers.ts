import type { Ports } from './ports.ts';

/** Decides whether the refusal of an unidentified caller gets a record of its own. */
export interface RefusalsOfStrangers {
  readonly mayRecord: () => boolean;
}

/** So many at once, and then so many in a second. */
const burst = 1_000;
const perSecond = 20;

/**
 * Whoever reaches the port can be refused as often as it likes. If each refusal took its place on the disk, anybody
 * could fill it, and a log that cannot be written stops every call. So there is a budget; what goes beyond it is
 * counted, and the count is recorded once there is room again.
 */
export function refusalsOfStrangers({
  journal,
  clock,
}: Pick<Ports, 'journal' | 'clock'>): RefusalsOfStrangers {
  let left = burst;
  let refilledAt = clock.now();
  let counted = 0;
  const noteCounted = (now: number): void => {
    const noted = journal.append({
      kind: 'event',
      id: clock.uuid(),
      at: new Date(now).toISOString(),
      event: 'refusals counted',
      facts: { count: counted, reason: 'more callers without a valid token than are recorded one by one' },
    });
    // Nothing is released that depends on this note; the next decision meets the same journal and refuses.
    noted.catch(() => undefined);
    counted = 0;
  };
  return {
    mayRecord: () => {
      const now = clock.now();
      left = Math.min(burst, left + (Math.max(0, now - refilledAt) / 1000) * perSecond);
      refilledAt = now;
      if (left < 1) {
        counted += 1;
        return false;
      }
      left -= 1;
      if (counted > 0) noteCounted(now);
      return true;
    },
  };
}
