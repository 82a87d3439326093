import { type RecordValue, type SetValue, sameEntity, type Value } from './value.ts';

/** Cedar's `==`: values of different types are unequal, never a fault. */
export function equal(left: Value, right: Value): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  switch (left.kind) {
    case 'entity':
      return right.kind === 'entity' && sameEntity(left, right);
    case 'record':
      return right.kind === 'record' && equalRecords(left, right);
    case 'set':
      return right.kind === 'set' && left.members.every(right.has) && right.members.every(left.has);
    case 'ipaddr':
      return (
        right.kind === 'ipaddr' &&
        left.version === right.version &&
        left.address === right.address &&
        left.prefix === right.prefix
      );
    case 'decimal':
    case 'datetime':
    case 'duration':
      return left.kind === right.kind && left.value === right.value;
  }
}

/** A set of these values. */
export function setOf(members: readonly Value[]): SetValue {
  if (members.length <= scanned) {
    return { kind: 'set', members, has: (value) => members.some((member) => equal(member, value)) };
  }
  let index: ReadonlySet<unknown> | undefined;
  const has = (value: Value): boolean => {
    index ??= new Set(members.map(key));
    return index.has(key(value));
  };
  return { kind: 'set', members, has };
}

/** Up to here a scan beats the index; beyond it the index keeps set operations linear in what a client sends. */
const scanned = 8;

function equalRecords(left: RecordValue, right: RecordValue): boolean {
  const names = left.names();
  if (names.length !== right.names().length) return false;
  return names.every((name) => {
    const [a, b] = [left.get(name), right.get(name)];
    return a !== undefined && b !== undefined && equal(a, b);
  });
}

/** Equal values have equal keys and only they: numbers and booleans are their own, all else is text with its type. */
function key(value: Value): unknown {
  return typeof value === 'string' ? `"${value}` : typeof value === 'object' ? composite(value) : value;
}

function composite(value: Exclude<Value, string | number | bigint | boolean>): string {
  switch (value.kind) {
    case 'entity':
      return `entity${JSON.stringify([value.type, value.id])}`;
    case 'record':
      return `record${JSON.stringify([...value.names()].sort().map((name) => [name, text(value.get(name))]))}`;
    case 'set':
      return `set${JSON.stringify([...new Set(value.members.map(text))].sort())}`;
    case 'ipaddr':
      return `ip${value.version}:${value.address}/${value.prefix}`;
    case 'decimal':
    case 'datetime':
    case 'duration':
      return `${value.kind}${value.value}`;
  }
}

function text(value: Value | undefined): string {
  return value === undefined
    ? ''
    : typeof value === 'object' || typeof value === 'string'
      ? String(key(value))
      : `${typeof value === 'boolean' ? 'bool' : 'long'} ${value}`;
}
