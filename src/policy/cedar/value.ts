import { EvaluationFault } from './fault.ts';

/** A Cedar long (64-bit signed). INVARIANT: a `number` whenever the value is a safe integer, else a `bigint`. */
export type Long = number | bigint;

/** A Cedar value. Longs, strings and booleans are JavaScript's own; the rest carry a `kind`. */
export type Value =
  | boolean
  | string
  | Long
  | EntityValue
  | RecordValue
  | SetValue
  | DecimalValue
  | IpValue
  | DatetimeValue
  | DurationValue;

/** An entity UID. `facts` is what is known of the entity, where the UID was made with it. */
export interface EntityValue {
  readonly kind: 'entity';
  readonly type: string;
  readonly id: string;
  readonly facts?: EntityFacts;
}

/** Attributes, tags and parents of one entity. Hierarchies must not hold cycles. */
export interface EntityFacts {
  readonly attributes: RecordValue;
  readonly tags: RecordValue;
  readonly parents: readonly EntityValue[];
}

/** A record; members may be made when they are first read. */
export interface RecordValue {
  readonly kind: 'record';
  readonly get: (name: string) => Value | undefined;
  /** The names of the members that {@link RecordValue.get} finds. */
  readonly names: () => readonly string[];
}

/** A set; `members` may repeat. */
export interface SetValue {
  readonly kind: 'set';
  readonly members: readonly Value[];
  readonly has: (value: Value) => boolean;
}

/** A decimal, in ten-thousandths. */
export interface DecimalValue {
  readonly kind: 'decimal';
  readonly value: bigint;
}

/** An IP address or range. The address keeps its host bits, as Cedar's equality demands. */
export interface IpValue {
  readonly kind: 'ipaddr';
  readonly version: 4 | 6;
  readonly address: bigint;
  readonly prefix: number;
}

/** An instant, in milliseconds since the epoch. */
export interface DatetimeValue {
  readonly kind: 'datetime';
  readonly value: Long;
}

/** A duration in milliseconds. */
export interface DurationValue {
  readonly kind: 'duration';
  readonly value: Long;
}

/** Cedar's name for the type of a value. */
function typeOf(value: Value): string {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'string':
      return 'string';
    case 'number':
    case 'bigint':
      return 'long';
    default:
      return value.kind === 'entity' ? `entity \`${value.type}\`` : value.kind;
  }
}

/** The fault of a value that has the wrong type. */
export function wrongType(expected: string, value: Value): EvaluationFault {
  return new EvaluationFault(`expected ${expected}, got ${typeOf(value)}`);
}

/** The boolean, or a fault. */
export function boolean(value: Value): boolean {
  if (typeof value !== 'boolean') throw wrongType('bool', value);
  return value;
}

/** The string, or a fault. */
export function string(value: Value): string {
  if (typeof value !== 'string') throw wrongType('string', value);
  return value;
}

/** The long, or a fault. */
export function long(value: Value): Long {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw wrongType('long', value);
  return value;
}

/** The set, or a fault. */
export function set(value: Value): SetValue {
  if (typeof value !== 'object' || value.kind !== 'set') throw wrongType('set', value);
  return value;
}

/** The entity, or a fault. */
export function entity(value: Value): EntityValue {
  if (typeof value !== 'object' || value.kind !== 'entity') throw wrongType('entity', value);
  return value;
}

/** Whether two UIDs name one entity. */
export function sameEntity(left: EntityValue, right: EntityValue): boolean {
  return left === right || (left.id === right.id && left.type === right.type);
}
