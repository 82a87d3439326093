import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLocalClock, type LocalTime } from './local-time.ts';

function byIntl(zone: string, instant: number): LocalTime {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    weekday: 'long',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: 'numeric',
    minute: 'numeric',
  }).formatToParts(instant);
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? '';
  const [hour, minute] = [Number(part('hour')), Number(part('minute'))];
  return {
    hour,
    minute,
    minuteOfDay: hour * 60 + minute,
    weekday: part('weekday').toLowerCase(),
    date: `${part('year')}-${part('month')}-${part('day')}`,
  };
}

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Pacific/Apia',
  'America/St_Johns',
  'Africa/Casablanca',
];

for (const zone of zones) {
  test(`tells the time of ${zone} as Intl does, in any order of instants`, () => {
    const clock = createLocalClock(zone);
    const instants = fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2045, 0) });
    fc.assert(
      fc.property(instants, (instant) => assert.deepEqual(read(clock(instant)), byIntl(zone, instant))),
      { numRuns: 300 },
    );
  });
}

test('is right at each minute around both changes of the clock', () => {
  for (const [zone, change] of [
    ['Europe/Berlin', '2026-03-29T01:00:00Z'],
    ['Europe/Berlin', '2026-10-25T01:00:00Z'],
    ['America/New_York', '2026-11-01T06:00:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
  ] as const) {
    const clock = createLocalClock(zone);
    for (let minute = -120; minute <= 120; minute += 1) {
      const instant = Date.parse(change) + minute * 60_000;
      assert.deepEqual(
        read(clock(instant)),
        byIntl(zone, instant),
        `${zone} ${new Date(instant).toISOString()}`,
      );
    }
  }
});

function read({ hour, minute, minuteOfDay, weekday, date }: LocalTime): LocalTime {
  return { hour, minute, minuteOfDay, weekday, date };
}
