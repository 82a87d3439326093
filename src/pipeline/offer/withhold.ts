import type { Offered } from '../offer.ts';
import type { Ports } from '../ports.ts';
import type { Stopped } from '../stage.ts';
import { timestamp } from '../timestamp.ts';

/** Notes that a message was not delivered. The call goes on without it. */
export function withholding({
  journal,
  clock,
}: Pick<Ports, 'journal' | 'clock'>): (stopped: Stopped<Offered, unknown>) => void {
  return ({ state: { state, server }, refusal, stage }) => {
    const noted = journal.append({
      kind: 'event',
      id: clock.uuid(),
      at: timestamp(clock.now()),
      event: 'message withheld',
      facts: { decision: state.id, server, stage, denial: refusal.code, detail: refusal.detail },
    });
    // Nothing is released that depends on this note; the next decision meets the same journal and refuses.
    noted.catch(() => undefined);
  };
}
