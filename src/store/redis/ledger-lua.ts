/**
 * Lua over one tree of tasks, which is one hash, KEYS[1]: so every transition touches one key, and the tree stands on
 * one node of a cluster. Each task has the fields `t:<id>` (ancestors as JSON), `n:<id>` (not after), `e:<id>` (when it
 * ended), and, where there is a limit, `c:` and `b:` (calls and bytes left) with `C:` and `B:` (what it began with).
 */
const chainLua = `
local tree = KEYS[1]

local function chainOf(task)
  local ancestors = redis.call('HGET', tree, 't:' .. task)
  if not ancestors then return nil end
  local chain = cjson.decode(ancestors)
  chain[#chain + 1] = task
  return chain
end

local function isOver(task, now)
  local notAfter, ended = unpack(redis.call('HMGET', tree, 'n:' .. task, 'e:' .. task))
  return not notAfter or ended or tonumber(now) > tonumber(notAfter)
end`;

/**
 * ARGV: task, ancestors, not after, calls, bytes, now, lifetime, `keepMs`. An empty limit is none.
 *
 * What was over long ago is dropped at every 64th entry, because a root that lives long may have many children.
 */
export const openLua: string = `${chainLua}
local task, now = ARGV[1], ARGV[6]
if redis.call('HEXISTS', tree, 't:' .. task) == 1 then return 'exists' end
for _, ancestor in ipairs(cjson.decode(ARGV[2])) do
  if isOver(ancestor, now) then return 'parent-ended' end
end
redis.call('HSET', tree, 't:' .. task, ARGV[2], 'n:' .. task, ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', tree, 'c:' .. task, ARGV[4], 'C:' .. task, ARGV[4]) end
if ARGV[5] ~= '' then redis.call('HSET', tree, 'b:' .. task, ARGV[5], 'B:' .. task, ARGV[5]) end
if redis.call('PTTL', tree) < tonumber(ARGV[7]) then redis.call('PEXPIRE', tree, ARGV[7]) end
if redis.call('HINCRBY', tree, 'entered', 1) % 64 == 0 then
  local flat = redis.call('HGETALL', tree)
  for index = 1, #flat, 2 do
    local id = string.match(flat[index], '^n:(.*)$')
    if id and tonumber(flat[index + 1]) + tonumber(ARGV[8]) < tonumber(now) then
      for kind in string.gmatch('tnecbCB', '.') do redis.call('HDEL', tree, kind .. ':' .. id) end
    end
  end
end
return 'opened'`;

/** ARGV: task, calls, bytes, now. Nil for a task that is not in this tree. */
export const takeLua: string = `${chainLua}
local chain = chainOf(ARGV[1])
if not chain then return nil end
local amounts = { c = ARGV[2], b = ARGV[3] }
for _, task in ipairs(chain) do
  if isOver(task, ARGV[4]) then return 'ended' end
end
for _, task in ipairs(chain) do
  for kind, amount in pairs(amounts) do
    local left = redis.call('HGET', tree, kind .. ':' .. task)
    if left and tonumber(left) < tonumber(amount) then return 'exhausted' end
  end
end
for _, task in ipairs(chain) do
  for kind, amount in pairs(amounts) do
    local field = kind .. ':' .. task
    if amount ~= '0' and redis.call('HEXISTS', tree, field) == 1 then
      redis.call('HINCRBY', tree, field, '-' .. amount)
    end
  end
end
return 'taken'`;

/** ARGV: task, calls, bytes. Nil for a task that is not in this tree. */
export const giveBackLua: string = `${chainLua}
local chain = chainOf(ARGV[1])
if not chain then return nil end
for _, task in ipairs(chain) do
  for kind, amount in pairs({ c = ARGV[2], b = ARGV[3] }) do
    local field = kind .. ':' .. task
    local left, first = unpack(redis.call('HMGET', tree, field, string.upper(kind) .. ':' .. task))
    if left and tonumber(left) + tonumber(amount) > tonumber(first) then
      redis.call('HSET', tree, field, first)
    elseif left then
      redis.call('HINCRBY', tree, field, amount)
    end
  end
end
return 'given'`;

/** ARGV: task. Nil for a task that is not in this tree; else calls, bytes, when it ended (empty: nothing), not after. */
export const stateLua = `
local tree, task = KEYS[1], ARGV[1]
local notAfter = redis.call('HGET', tree, 'n:' .. task)
if not notAfter then return nil end
local found = redis.call('HMGET', tree, 'c:' .. task, 'b:' .. task, 'e:' .. task)
return { found[1] or '', found[2] or '', found[3] or '', notAfter }`;

/** Lua with `livingFrom(task)`: the task and all below it, the first ones first, that are not ended. Nil: not here. */
const livingLua = `${chainLua}
local function livingFrom(task)
  if not chainOf(task) then return nil end
  local living = {}
  local flat = redis.call('HGETALL', tree)
  for index = 1, #flat, 2 do
    local id = string.match(flat[index], '^t:(.*)$')
    if id then
      local chain = chainOf(id)
      local below = id == task
      for _, ancestor in ipairs(chain) do below = below or ancestor == task end
      if below and redis.call('HGET', tree, 'e:' .. id) ~= 'ended' then
        living[#living + 1] = { id = id, depth = #chain, notAfter = redis.call('HGET', tree, 'n:' .. id) }
      end
    end
  end
  table.sort(living, function(one, other)
    if one.depth ~= other.depth then return one.depth < other.depth end
    return one.id < other.id
  end)
  return living
end`;

/**
 * The end in one step with its epochs, where one server has both. KEYS: tree, and the four of the epochs. ARGV: task, now,
 * `keepMs`, incarnation. Answers who ended; nil for a task that is not in this tree.
 */
export const endLua: string = `${livingLua}
local living = livingFrom(ARGV[1])
if not living then return nil end
local ended = {}
for _, one in ipairs(living) do
  redis.call('HSET', tree, 'e:' .. one.id, 'ended')
  local last = math.max(tonumber(one.notAfter), tonumber(ARGV[2])) + tonumber(ARGV[3])
  bump(2, 'task ' .. one.id, ARGV[2], string.format('%.17g', last), ARGV[4])
  ended[#ended + 1] = one.id
end
if #ended > 0 then tidy(2, ARGV[2], ARGV[3]) end
return ended`;

/**
 * The first half of an end in a cluster. Budgets are closed from here on, and a repeated end begins here anew until the
 * second half was done. ARGV: task. Answers ids and deadlines in turns; nil for a task that is not in this tree.
 */
export const closeLua: string = `${livingLua}
local living = livingFrom(ARGV[1])
if not living then return nil end
local answer = {}
for _, one in ipairs(living) do
  redis.call('HSET', tree, 'e:' .. one.id, 'closed')
  answer[#answer + 1] = one.id
  answer[#answer + 1] = one.notAfter
end
return answer`;

/** The second half, when the epochs were bumped. ARGV: the ids. Answers those that ended now. */
export const settleLua = `
local tree, ended = KEYS[1], {}
for _, id in ipairs(ARGV) do
  if redis.call('HGET', tree, 'e:' .. id) == 'closed' then
    redis.call('HSET', tree, 'e:' .. id, 'ended')
    ended[#ended + 1] = id
  end
end
return ended`;

/** Says to which tree a task belongs. KEYS: the sign. ARGV: root, lifetime, a root that may be overwritten. Answers the root. */
export const signLua = `
local root = redis.call('GET', KEYS[1])
if root and root ~= ARGV[1] and root ~= ARGV[3] then return root end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]`;
