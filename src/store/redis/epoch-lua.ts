/**
 * The epochs as four keys, which the hash tag puts on one node: their number and incarnation, each one's place in the
 * order of bumps, its time, and how long it is kept.
 */
export const epochKeys: readonly string[] = ['head', 'order', 'at', 'keep'].map(
  (part) => `bartizan:{epochs}:${part}`,
);

/** The channel of nudges. */
export const epochChannel = 'bartizan:epochs';

/**
 * Lua that bumps. `first` is where the four keys begin in KEYS.
 *
 * Every bump that moves an epoch takes the next place, so that whoever asks for the places after the last one it saw
 * misses none. An incarnation names one count of places: a server that lost its state starts another.
 */
export const epochLua: string = `
local function bump(first, field, at, keepUntil, incarnation)
  local head, order, times, keep = KEYS[first], KEYS[first + 1], KEYS[first + 2], KEYS[first + 3]
  redis.call('HSETNX', head, 'incarnation', incarnation)
  local kept = redis.call('ZSCORE', keep, field)
  if not kept or tonumber(kept) < tonumber(keepUntil) then redis.call('ZADD', keep, keepUntil, field) end
  local stood = redis.call('HGET', times, field)
  if stood and tonumber(stood) >= tonumber(at) then return end
  local place = redis.call('HINCRBY', head, 'place', 1)
  redis.call('HSET', times, field, at)
  redis.call('ZADD', order, place, field)
end

local function tidy(first, now, keepMs)
  local head, order, times, keep = KEYS[first], KEYS[first + 1], KEYS[first + 2], KEYS[first + 3]
  local over = redis.call('ZRANGEBYSCORE', keep, '-inf', tonumber(now) - tonumber(keepMs), 'LIMIT', 0, 100)
  for _, field in ipairs(over) do
    redis.call('ZREM', keep, field)
    redis.call('ZREM', order, field)
    redis.call('HDEL', times, field)
  end
  local last = redis.call('ZREVRANGE', keep, 0, 0, 'WITHSCORES')[2]
  local lifetime = math.ceil(math.max(0, tonumber(last or now) - tonumber(now)) + tonumber(keepMs))
  for key = first, first + 3 do redis.call('PEXPIRE', KEYS[key], string.format('%d', lifetime)) end
  redis.call('PUBLISH', '${epochChannel}', redis.call('HGET', head, 'place') or '0')
end`;
