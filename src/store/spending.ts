import type { Spending } from '../pipeline/store-ports.ts';

/**
 * Checks an amount before it is taken or given back.
 * @throws RangeError if it is no whole number from 0: a negative amount would raise a budget
 */
export function assertSpending({ calls, bytes }: Spending): void {
  if (!isAmount(calls) || !isAmount(bytes))
    throw new RangeError(`an amount of budget is a whole number from 0: calls ${calls}, bytes ${bytes}`);
}

function isAmount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
