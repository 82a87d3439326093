import { EvaluationFault } from './fault.ts';
import { significant } from './long.ts';
import type { DecimalValue } from './value.ts';

const shape = /^(-?)([0-9]+)\.([0-9]{1,4})$/;
const least = -(2n ** 63n);
const greatest = 2n ** 63n - 1n;

/** Parses `"12.3456"`: at least one and at most four digits after the point, within 64 bits of ten-thousandths. */
export function parseDecimal(text: string): DecimalValue | undefined {
  const parts = shape.exec(text);
  if (parts === null) return undefined;
  const [, sign, digits = '', fraction = ''] = parts;
  const whole = significant(digits);
  if (whole === undefined) return undefined;
  const magnitude = BigInt(whole) * 10_000n + BigInt(fraction.padEnd(4, '0'));
  const value = sign === '-' ? -magnitude : magnitude;
  return value < least || value > greatest ? undefined : { kind: 'decimal', value };
}

/** The decimal of a text, or a fault. */
export function decimal(text: string): DecimalValue {
  const value = parseDecimal(text);
  if (value === undefined) throw new EvaluationFault(`\`${text}\` is not a decimal such as \`12.3456\``);
  return value;
}

/** The text that {@link parseDecimal} reads back. */
export function decimalText(decimal: DecimalValue): string {
  const magnitude = decimal.value < 0n ? -decimal.value : decimal.value;
  const fraction = String(magnitude % 10_000n).padStart(4, '0');
  return `${decimal.value < 0n ? '-' : ''}${magnitude / 10_000n}.${fraction}`;
}
