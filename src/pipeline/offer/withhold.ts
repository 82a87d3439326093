import { clipped } from '../clipped.ts';
import type { Offered } from '../offer.ts';
import type { Ports } from '../ports.ts';
import type { Stopped } from '../stage.ts';

/** Notes that a message was not delivered. The call goes on without it, once the note is on its way. */
export type Withhold = (stopped: Stopped<Offered, unknown>) => Promise<void>;

/** So many notes of one call in one period; an upstream must not fill the log, nor the queue before it. */
const mostNotes = 32;
const periodMs = 60_000;

/** Makes the notes of one call. The last one of a period says so. */
export function withholding({ journal, clock }: Pick<Ports, 'journal' | 'clock'>): () => Withhold {
  return () => {
    let notes = 0;
    let since = clock.now();
    return async ({ state: { state, server }, refusal, stage }) => {
      const now = clock.now();
      if (now - since >= periodMs) [notes, since] = [0, now];
      notes += 1;
      if (notes > mostNotes) return;
      const noted = journal.append({
        kind: 'event',
        id: clock.uuid(),
        at: new Date(now).toISOString(),
        event: 'message withheld',
        facts: {
          ...{ decision: state.id, server, stage, denial: refusal.code, detail: clipped(refusal.detail) },
          ...(notes === mostNotes && { further: 'not noted for a minute' }),
        },
      });
      // Nothing is released that depends on this note; the next decision meets the same journal and refuses.
      await noted.catch(() => undefined);
    };
  };
}
