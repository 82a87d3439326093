import { EvaluationFault } from './fault.ts';
import { checked, significant, subtract } from './long.ts';
import type { DatetimeValue, DurationValue, Long } from './value.ts';

const instantShape =
  /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{3}))?(?:Z|([+-])(\d{2})(\d{2})))?$/;
const durationShape = /^(-?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const units = [86_400_000n, 3_600_000n, 60_000n, 1_000n, 1n];
const day = 86_400_000;

/** Parses `2026-03-29`, `2026-03-29T09:00:00Z`, `...00.000Z` or `...00+0200`. */
function parseDatetime(text: string): DatetimeValue | undefined {
  const parts = instantShape.exec(text);
  if (parts === null) return undefined;
  const number = (at: number): number => Number(parts[at] ?? 0);
  const midnight = midnightOf(number(1), number(2), number(3));
  const clock = clockOf(number(4), number(5), number(6));
  const offset = clockOf(number(9), number(10), 0);
  if (midnight === undefined || clock === undefined || offset === undefined) return undefined;
  const local = midnight + clock + number(7);
  return { kind: 'datetime', value: parts[8] === '-' ? local + offset : local - offset };
}

/** The instant of a text, or a fault. */
export function datetime(text: string): DatetimeValue {
  const value = parseDatetime(text);
  if (value === undefined)
    throw new EvaluationFault(`\`${text}\` is not a datetime such as \`2026-03-29T09:00:00Z\``);
  return value;
}

/** The duration of a text such as `1d2h3m4s5ms`, or a fault. */
export function duration(text: string): DurationValue {
  const parts = durationShape.exec(text);
  const amounts = parts?.slice(2).map((digits) => (digits === undefined ? '' : significant(digits))) ?? [];
  if (parts === null || amounts.every((amount) => amount === '')) {
    throw new EvaluationFault(`\`${text}\` is not a duration such as \`1d2h30m\``);
  }
  if (amounts.includes(undefined)) throw new EvaluationFault('the duration overflows 64 bits');
  const total = amounts.reduce((sum, amount, at) => sum + BigInt(amount ?? 0) * (units[at] ?? 0n), 0n);
  return { kind: 'duration', value: checked(parts[1] === '-' ? -total : total) };
}

/** The start of the day of an instant, in UTC. */
export function dayStart(instant: Long): Long {
  return subtract(instant, sinceDayStart(instant));
}

/** The milliseconds since the start of the day of an instant, in UTC. */
export function sinceDayStart(instant: Long): number {
  const rest = typeof instant === 'number' ? instant % day : Number(instant % BigInt(day));
  return rest < 0 ? rest + day : rest + 0; // turns -0 into 0
}

function clockOf(hour: number, minute: number, second: number): number | undefined {
  return hour < 24 && minute < 60 && second < 60 ? ((hour * 60 + minute) * 60 + second) * 1000 : undefined;
}

function midnightOf(year: number, month: number, date: number): number | undefined {
  const midnight = new Date(0).setUTCFullYear(year, month - 1, date);
  const made = new Date(midnight);
  return made.getUTCMonth() === month - 1 && made.getUTCDate() === date ? midnight : undefined;
}
