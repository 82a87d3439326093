import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../pipeline/ports.ts';

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Registers the tests that every {@link Clock} must pass. `open` makes one for each test. */
export function clockContract(name: string, open: () => Clock): void {
  test(`${name}: ids are distinct UUIDv7 of the time they were made`, () => {
    const clock = open();
    const before = clock.now();
    const ids = Array.from({ length: 1000 }, () => clock.uuid());
    const after = clock.now();
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) {
      assert.match(id, uuidV7);
      const time = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
      assert.ok(time >= before && time <= after, `${id} is not of ${before} to ${after}`);
    }
  });

  test(`${name}: the clock for durations never goes back`, () => {
    const { microseconds } = open();
    const readings = Array.from({ length: 1000 }, () => microseconds());
    assert.deepEqual(
      readings.toSorted((one, other) => one - other),
      readings,
    );
  });
}
