import { equal } from './equality.ts';
import { EvaluationFault } from './fault.ts';
import { add, multiply, negate, subtract } from './long.ts';
import type { Binary, Unary } from './node.ts';
import { factsOf, type Query } from './query.ts';
import {
  type EntityFacts,
  type EntityValue,
  entity,
  type Long,
  long,
  sameEntity,
  set,
  string,
  type Value,
  wrongType,
} from './value.ts';

/** The operators of two operands that evaluate both, by the names of Cedar's JSON policy format. */
export const binaries: ReadonlyMap<string, Binary> = new Map<string, Binary>([
  ['==', equal],
  ['!=', (left, right) => !equal(left, right)],
  ['in', (left, right, query) => isIn(entity(left), right, query)],
  ['<', ordered((left, right) => left < right)],
  ['<=', ordered((left, right) => left <= right)],
  ['>', ordered((left, right) => left > right)],
  ['>=', ordered((left, right) => left >= right)],
  ['+', (left, right) => add(long(left), long(right))],
  ['-', (left, right) => subtract(long(left), long(right))],
  ['*', (left, right) => multiply(long(left), long(right))],
  ['contains', (left, right) => set(left).has(right)],
  ['containsAll', (left, right) => set(right).members.every(set(left).has)],
  ['containsAny', (left, right) => set(right).members.some(set(left).has)],
  ['hasTag', (left, right, query) => hasTag(entity(left), string(right), query)],
  ['getTag', (left, right, query) => getTag(entity(left), string(right), query)],
]);

/** The operators of one operand, by the names of Cedar's JSON policy format. */
export const unaries: ReadonlyMap<string, Unary> = new Map<string, Unary>([
  ['neg', (value) => negate(long(value))],
  ['isEmpty', (value) => set(value).members.length === 0],
]);

/** `value.member`. */
export function getMember(member: string): Unary {
  return (value, query) => {
    if (typeof value === 'object' && value.kind === 'record') {
      return value.get(member) ?? missing('the record', member);
    }
    if (typeof value !== 'object' || value.kind !== 'entity') throw wrongType('record or entity', value);
    return existing(value, query).attributes.get(member) ?? missing(`\`${uidText(value)}\``, member);
  };
}

/** `value has member`. */
export function hasMember(member: string): Unary {
  return (value, query) => {
    if (typeof value === 'object' && value.kind === 'record') return value.get(member) !== undefined;
    if (typeof value !== 'object' || value.kind !== 'entity') throw wrongType('record or entity', value);
    return factsOf(query, value)?.attributes.get(member) !== undefined;
  };
}

/** `value is Type`. */
export function isType(type: string): Unary {
  return (value) => entity(value).type === type;
}

function isIn(member: EntityValue, group: Value, query: Query): boolean {
  if (typeof group === 'object' && group.kind === 'entity') return isWithin(member, group, query);
  if (typeof group !== 'object' || group.kind !== 'set') throw wrongType('entity or set of entities', group);
  const groups = group.members.map(entity);
  return groups.some((each) => isWithin(member, each, query));
}

function isWithin(member: EntityValue, group: EntityValue, query: Query): boolean {
  if (sameEntity(member, group)) return true;
  return factsOf(query, member)?.parents.some((parent) => isWithin(parent, group, query)) ?? false;
}

function hasTag(value: EntityValue, tag: string, query: Query): boolean {
  return factsOf(query, value)?.tags.get(tag) !== undefined;
}

function getTag(value: EntityValue, tag: string, query: Query): Value {
  const found = existing(value, query).tags.get(tag);
  if (found === undefined) throw new EvaluationFault(`\`${uidText(value)}\` has no tag \`${tag}\``);
  return found;
}

function existing(value: EntityValue, query: Query): EntityFacts {
  const facts = factsOf(query, value);
  if (facts === undefined) throw new EvaluationFault(`\`${uidText(value)}\` is not part of this request`);
  return facts;
}

function missing(owner: string, member: string): never {
  throw new EvaluationFault(`${owner} has no attribute \`${member}\``);
}

/** An entity as policies write it: `Type::"id"`. */
export function uidText(value: EntityValue): string {
  return `${value.type}::${JSON.stringify(value.id)}`;
}

function ordered(test: (left: Long, right: Long) => boolean): Binary {
  return (left, right) => {
    if (typeof left !== 'object') return test(long(left), long(right));
    if (left.kind !== 'datetime' && left.kind !== 'duration')
      throw wrongType('long, datetime or duration', left);
    if (typeof right !== 'object' || right.kind !== left.kind) throw wrongType(left.kind, right);
    return test(left.value, right.value);
  };
}
