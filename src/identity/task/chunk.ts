import type { TaskBudget } from '../../model/task.ts';
import type { Spending } from '../../pipeline/store-ports.ts';

/** No budget at all. */
export const nothing: Spending = { calls: 0, bytes: 0 };

/** A lease is this part of what is left, so that the last replica to ask still finds most of it. */
const part = 16;

/** Below this many calls a lease saves nothing. */
const fewestCalls = 2;

/**
 * How much of a budget may be held at once.
 * @returns undefined if the part would be too small for `largest`, the largest amount that is taken at once
 */
export function chunkOf(left: TaskBudget, largest: Spending, most: Spending): Spending | undefined {
  const chunk = { calls: partOf(left.calls, most.calls), bytes: partOf(left.bytes, most.bytes) };
  return chunk.calls >= fewestCalls && isEnough(chunk, largest) ? chunk : undefined;
}

function partOf(left: number | undefined, most: number): number {
  return left === undefined ? most : Math.min(most, Math.floor(left / part));
}

export function isEnough(held: Spending, amount: Spending): boolean {
  return held.calls >= amount.calls && held.bytes >= amount.bytes;
}

export function isNothing({ calls, bytes }: Spending): boolean {
  return calls === 0 && bytes === 0;
}

/** Worth filling up: less than half is there. */
export function isLow(held: Spending, chunk: Spending): boolean {
  return held.calls * 2 < chunk.calls || held.bytes * 2 < chunk.bytes;
}

export function plus(one: Spending, other: Spending): Spending {
  return { calls: one.calls + other.calls, bytes: one.bytes + other.bytes };
}

/** What is left of one when the other is gone; never less than nothing. */
export function minus(one: Spending, other: Spending): Spending {
  return { calls: Math.max(0, one.calls - other.calls), bytes: Math.max(0, one.bytes - other.bytes) };
}

export function larger(one: Spending, other: Spending): Spending {
  return { calls: Math.max(one.calls, other.calls), bytes: Math.max(one.bytes, other.bytes) };
}

/** A negative amount, or a broken one, would make a lease larger; the ledger says why it is refused. */
export function isAmount({ calls, bytes }: Spending): boolean {
  return Number.isSafeInteger(calls) && Number.isSafeInteger(bytes) && calls >= 0 && bytes >= 0;
}
