import { randomUUID } from 'node:crypto';
import type { Clock } from '../../pipeline/ports.ts';
import type { EpochBump, EpochChanges, EpochKey, Epochs } from '../../pipeline/store-ports.ts';
import type { Connection } from './connection.ts';
import { epochKeys, epochLua } from './epoch-lua.ts';
import { keepMs, moment, script } from './script.ts';

/** KEYS: the four. ARGV: field, time, how long to keep, now, `keepMs`, incarnation. */
const bumpOne = script(
  epochLua,
  `
bump(1, ARGV[1], ARGV[2], ARGV[3], ARGV[6])
tidy(1, ARGV[4], ARGV[5])`,
);

/**
 * KEYS: the four. ARGV: incarnation and place of the cursor, now, the most to read. Answers incarnation, place, whether
 * there may be more, and then fields and times in turns.
 */
const changes = script(`
local head, order, times, keep = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local incarnation, place = unpack(redis.call('HMGET', head, 'incarnation', 'place'))
if not place then return { '', '0', 0 } end
local from = '-inf'
if incarnation == ARGV[1] and tonumber(ARGV[2]) <= tonumber(place) then from = '(' .. ARGV[2] end
local fields = redis.call('ZRANGEBYSCORE', order, from, '+inf', 'LIMIT', 0, ARGV[4])
local full = #fields == tonumber(ARGV[4])
if full then place = redis.call('ZSCORE', order, fields[#fields]) end
local answer = { incarnation, place, full and 1 or 0 }
for _, field in ipairs(fields) do
  if tonumber(redis.call('ZSCORE', keep, field)) > tonumber(ARGV[3]) then
    answer[#answer + 1] = field
    answer[#answer + 1] = redis.call('HGET', times, field)
  end
end
return answer`);

/** How many epochs are read in one step: the server does nothing else meanwhile. */
const pageSize = 1_000;

/**
 * Epochs in Redis, each once, at its newest place.
 *
 * A server that loses its state loses revocations, so it must write to disk (`appendonly yes`) and must not evict.
 * Replicas bring the time of a bump: what was issued by a clock that is ahead of the bumping one, by no more than it is
 * ahead, outlives the bump.
 */
export function redisEpochs(
  connection: Connection,
  clock: Pick<Clock, 'now'>,
  onBump: Epochs['onBump'],
): Epochs {
  return {
    bump: async (key, at, keepUntil) => {
      const args = [moment(at), moment(keepUntil), moment(clock.now()), String(keepMs), randomUUID()];
      await connection.evaluate(bumpOne, epochKeys, [fieldOf(key), ...args]);
    },
    since: (cursor) => readAll(connection, clock, cursor),
    onBump,
  };
}

async function readAll(
  connection: Connection,
  clock: Pick<Clock, 'now'>,
  cursor: string | undefined,
): Promise<EpochChanges> {
  const bumps: EpochBump[] = [];
  let from = parseCursor(cursor);
  for (;;) {
    const args = [...from, moment(clock.now()), String(pageSize)];
    const answer = (await connection.evaluate(changes, epochKeys, args)) as PageOfChanges;
    const [incarnation, place, more, ...rest] = answer;
    for (let index = 0; index + 1 < rest.length; index += 2)
      bumps.push({ key: keyOf(rest[index] ?? ''), at: Number(rest[index + 1]) });
    if (more === 0) return { bumps, cursor: `${incarnation}/${place}` };
    from = [incarnation, place];
  }
}

type PageOfChanges = readonly [incarnation: string, place: string, more: number, ...rest: string[]];

/** What is no cursor of ours counts as none: then everything is told again. */
function parseCursor(cursor: string | undefined): [incarnation: string, place: string] {
  const [, incarnation = '', place = '0'] = /^([^/]*)\/(\d+)$/.exec(cursor ?? '') ?? [];
  return [incarnation, place];
}

function fieldOf({ kind, id }: EpochKey): string {
  return `${kind} ${id}`;
}

function keyOf(field: string): EpochKey {
  const end = field.indexOf(' ');
  return { kind: field.slice(0, end) as EpochKey['kind'], id: field.slice(end + 1) };
}
