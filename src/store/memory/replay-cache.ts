import type { Clock } from '../../pipeline/ports.ts';
import type { ReplayCache } from '../../pipeline/store-ports.ts';
import { fading } from './fading.ts';

/** A claim is a short key and a time; so many of them take about 100 MB. */
const limit = 500_000;

/** Claims that are forgotten with the process. Rejects a claim when half a million are alive. */
export function memoryReplayCache({ now }: Pick<Clock, 'now'>): ReplayCache {
  const claims = fading<true>(now, limit, 'claimed keys');
  return {
    claim: (key, expiresAt) => {
      if (claims.get(key) !== undefined) return false;
      claims.set(key, true, expiresAt);
      return true;
    },
  };
}
