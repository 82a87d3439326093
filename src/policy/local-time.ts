/** The wall clock of a zone. */
export interface LocalTime {
  readonly hour: number;
  readonly minute: number;
  readonly minuteOfDay: number;
  /** `monday` to `sunday`. */
  readonly weekday: string;
  /** `2026-03-29`. */
  readonly date: string;
}

const quarter = 15 * 60_000;
const day = 86_400_000;
const weekdays = ['thursday', 'friday', 'saturday', 'sunday', 'monday', 'tuesday', 'wednesday'] as const;

/**
 * Makes the wall clock of an IANA zone, for instants in milliseconds since the epoch. Zones change their offset at
 * quarter hours only, so the offset is asked once in each.
 *
 * @throws Error for a zone this machine does not know.
 */
export function createLocalClock(zone: string): (instant: number) => LocalTime {
  const format = formatOf(zone);
  let asked: number | undefined;
  let offset = 0;
  return (instant) => {
    const bucket = Math.floor(instant / quarter);
    if (bucket !== asked) [offset, asked] = [offsetAt(format, bucket * quarter), bucket];
    return new Moment(instant + offset);
  };
}

/** Works out only what is read: most policies ask for the hour alone. */
class Moment implements LocalTime {
  readonly #local: number;
  readonly #days: number;

  constructor(local: number) {
    this.#local = local;
    this.#days = Math.floor(local / day);
  }

  get minuteOfDay(): number {
    return Math.floor((this.#local - this.#days * day) / 60_000);
  }

  get hour(): number {
    return Math.floor(this.minuteOfDay / 60);
  }

  get minute(): number {
    return this.minuteOfDay % 60;
  }

  get weekday(): string {
    return weekdays[((this.#days % 7) + 7) % 7] ?? 'thursday';
  }

  get date(): string {
    return new Date(this.#local).toISOString().slice(0, 10);
  }
}

function offsetAt(format: Intl.DateTimeFormat, instant: number): number {
  const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const [year = 0, month = 0, date = 0, hour = 0, minute = 0] = (
    ['year', 'month', 'day', 'hour', 'minute'] as const
  ).map((type) => parts.get(type));
  return Date.UTC(year, month - 1, date, hour, minute) - instant;
}

function formatOf(zone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
  } catch {
    throw new Error(
      `\`${zone}\` is not a time zone this machine knows: use an IANA name such as \`Europe/Berlin\``,
    );
  }
}
