import { createHash } from 'node:crypto';
import type { Clock } from '../../pipeline/ports.ts';
import type { ReplayCache } from '../../pipeline/store-ports.ts';
import type { Connection } from './connection.ts';
import { lifetimeMs, moment, script } from './script.ts';

/** KEYS: the claim. ARGV: now, its end, its lifetime. */
const claim = script(`
local held = redis.call('GET', KEYS[1])
if held and tonumber(held) > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`);

/** Claims in Redis, one key each, named by digest because strangers choose them, in any length. */
export function redisReplayCache(connection: Connection, clock: Pick<Clock, 'now'>): ReplayCache {
  return {
    claim: async (key, expiresAt) => {
      const now = clock.now();
      const name = `bartizan:claim:${createHash('sha256').update(key).digest('base64url')}`;
      const args = [moment(now), moment(expiresAt), lifetimeMs(expiresAt, now)];
      return (await connection.evaluate(claim, [name], args)) === 1;
    },
  };
}
