import { stringMember } from '../../../model/json.ts';
import type { Clock } from '../../../pipeline/ports.ts';
import type { Documents } from '../../../pipeline/store-ports.ts';

/** The challenges of passkeys (Web Authentication section 13.4.3). The newest of a place counts, for five minutes. */
export interface Challenges {
  readonly keep: (place: string, challenge: string) => Promise<void>;
  /** INVARIANT: a challenge is good for one answer, whatever that answer is. */
  readonly take: (place: string) => Promise<string | undefined>;
}

const kind = 'login-challenge';
const lifetimeMs = 5 * 60_000;

/** Keeps them in documents. */
export function createChallenges(documents: Documents, clock: Pick<Clock, 'now'>): Challenges {
  return {
    keep: async (place, challenge) => {
      await documents.put(kind, place, { value: { challenge }, expiresAt: clock.now() + lifetimeMs });
    },
    take: async (place) => {
      const found = await documents.get(kind, place);
      const mine = found !== undefined && (await documents.remove(kind, place));
      return mine ? stringMember(found.value, 'challenge') : undefined;
    },
  };
}
