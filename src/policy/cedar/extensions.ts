import { datetime, dayStart, duration, sinceDayStart } from './datetime.ts';
import { decimal } from './decimal.ts';
import { ip, isInRange, isLoopback, isMulticast } from './ip.ts';
import { add, quotient, subtract } from './long.ts';
import {
  type DatetimeValue,
  type DecimalValue,
  type DurationValue,
  type IpValue,
  string,
  type Value,
  wrongType,
} from './value.ts';

/** An extension function: how many arguments it takes, and what it makes of them. */
export interface Extension {
  readonly arity: 1 | 2;
  readonly apply: (first: Value, second: Value) => Value;
}

const dayLength = 86_400_000;

/** Every extension function of Cedar 4.5; a method's receiver is its first argument. */
export const extensions: ReadonlyMap<string, Extension> = new Map<string, Extension>([
  ['decimal', unary((value) => decimal(string(value)))],
  ['lessThan', compared((left, right) => left < right)],
  ['lessThanOrEqual', compared((left, right) => left <= right)],
  ['greaterThan', compared((left, right) => left > right)],
  ['greaterThanOrEqual', compared((left, right) => left >= right)],
  ['ip', unary((value) => ip(string(value)))],
  ['isIpv4', unary((value) => asIp(value).version === 4)],
  ['isIpv6', unary((value) => asIp(value).version === 6)],
  ['isLoopback', unary((value) => isLoopback(asIp(value)))],
  ['isMulticast', unary((value) => isMulticast(asIp(value)))],
  ['isInRange', binary((left, right) => isInRange(asIp(left), asIp(right)))],
  ['datetime', unary((value) => datetime(string(value)))],
  ['duration', unary((value) => duration(string(value)))],
  ['offset', binary((left, right) => instant(add(asDatetime(left).value, asDuration(right).value)))],
  ['durationSince', binary((left, right) => span(subtract(asDatetime(left).value, asDatetime(right).value)))],
  ['toDate', unary((value) => instant(dayStart(asDatetime(value).value)))],
  ['toTime', unary((value) => span(sinceDayStart(asDatetime(value).value)))],
  ['toMilliseconds', unary((value) => asDuration(value).value)],
  ['toSeconds', inUnits(1000)],
  ['toMinutes', inUnits(60_000)],
  ['toHours', inUnits(3_600_000)],
  ['toDays', inUnits(dayLength)],
]);

function unary(apply: (value: Value) => Value): Extension {
  return { arity: 1, apply };
}

function binary(apply: (left: Value, right: Value) => Value): Extension {
  return { arity: 2, apply };
}

function compared(test: (left: bigint, right: bigint) => boolean): Extension {
  return binary((left, right) => test(asDecimal(left).value, asDecimal(right).value));
}

function inUnits(milliseconds: number): Extension {
  return unary((value) => quotient(asDuration(value).value, milliseconds));
}

function instant(value: DatetimeValue['value']): DatetimeValue {
  return { kind: 'datetime', value };
}

function span(value: DurationValue['value']): DurationValue {
  return { kind: 'duration', value };
}

function asDecimal(value: Value): DecimalValue {
  if (typeof value !== 'object' || value.kind !== 'decimal') throw wrongType('decimal', value);
  return value;
}

function asIp(value: Value): IpValue {
  if (typeof value !== 'object' || value.kind !== 'ipaddr') throw wrongType('ipaddr', value);
  return value;
}

function asDatetime(value: Value): DatetimeValue {
  if (typeof value !== 'object' || value.kind !== 'datetime') throw wrongType('datetime', value);
  return value;
}

function asDuration(value: Value): DurationValue {
  if (typeof value !== 'object' || value.kind !== 'duration') throw wrongType('duration', value);
  return value;
}
