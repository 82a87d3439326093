import { EvaluationFault } from './fault.ts';
import type { Long } from './value.ts';

const least = -(2n ** 63n);
const greatest = 2n ** 63n - 1n;

/** The canonical long of an exact result, or a fault where 64 bits do not hold it. */
export function checked(exact: bigint): Long {
  if (exact < least || exact > greatest) throw new EvaluationFault('integer overflow');
  return canonical(exact);
}

/** A number where that is safe, else the bigint. */
export function canonical(exact: bigint): Long {
  const near = Number(exact);
  return Number.isSafeInteger(near) ? near : exact;
}

/** Checked addition. */
export function add(left: Long, right: Long): Long {
  if (typeof left === 'number' && typeof right === 'number') {
    const sum = left + right;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return checked(BigInt(left) + BigInt(right));
}

/** Checked subtraction. */
export function subtract(left: Long, right: Long): Long {
  if (typeof left === 'number' && typeof right === 'number') {
    const difference = left - right;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return checked(BigInt(left) - BigInt(right));
}

/** Checked multiplication. A product beyond 2^53 is never rounded into the safe integers, so the test is exact. */
export function multiply(left: Long, right: Long): Long {
  if (typeof left === 'number' && typeof right === 'number') {
    const product = left * right;
    if (Number.isSafeInteger(product)) return product + 0; // turns -0 into 0
  }
  return checked(BigInt(left) * BigInt(right));
}

/** Checked negation. */
export function negate(value: Long): Long {
  return subtract(0, value);
}

/** Division that drops the fraction, as Rust's `/` does. The divisor is a positive constant. */
export function quotient(value: Long, divisor: number): Long {
  return canonical(BigInt(value) / BigInt(divisor));
}

/** Digits without leading zeros; undefined for more than 64 bits can hold, which are costly to convert. */
export function significant(digits: string): string | undefined {
  const rest = digits.replace(/^0+(?=.)/, '');
  return rest.length > 19 ? undefined : rest;
}
