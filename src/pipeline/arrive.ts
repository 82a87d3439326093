import type { Arrival, Clock } from './ports.ts';

/** A call at the door: nothing is known of it yet but when it came. */
export interface Arrived {
  readonly arrival: Arrival;
  /** The decision id, a UUIDv7. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly instant: number;
  /** On the clock for durations. */
  readonly startedUs: number;
}

/** Gives a call its decision id and its time of arrival. */
export function arrive(clock: Clock, arrival: Arrival): Arrived {
  return { arrival, id: clock.uuid(), instant: clock.now(), startedUs: clock.microseconds() };
}
