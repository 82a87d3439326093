import fc from 'fast-check';
import { datetime, duration } from '../../../src/policy/cedar/datetime.ts';
import { decimal } from '../../../src/policy/cedar/decimal.ts';
import { setOf } from '../../../src/policy/cedar/equality.ts';
import { ip } from '../../../src/policy/cedar/ip.ts';
import { canonical } from '../../../src/policy/cedar/long.ts';
import type { Query } from '../../../src/policy/cedar/query.ts';
import { recordOf } from '../../../src/policy/cedar/record.ts';
import type { EntityValue, Value } from '../../../src/policy/cedar/value.ts';
import { entityStore } from './evaluator.ts';

type Text = fc.Arbitrary<string>;

const longs = [
  '0',
  '1',
  '-1',
  '7',
  '9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
  '-5000000000000000000',
];
const strings = ['""', '"a"', '"ab"', '"a*b"', '"\\u{1F600}x"', '"1.2.3.4"', '"project"', '"tag"'];
const patterns = ['"*"', '"a*"', '"*b"', '"a\\*b"', '"*\\u{1F600}*"', '""', '"a*b*"', '"*a*b*"'];
const ips = [
  '"1.2.3.4"',
  '"10.0.0.0/8"',
  '"10.1.2.3"',
  '"127.0.0.1"',
  '"::1"',
  '"ff00::/8"',
  '"1.2.3.4.5"',
  '"::ffff:1.2.3.4"',
  '"0.0.0.0/0"',
];
const decimals = ['"1.0"', '"-0.0001"', '"922337203685477.5807"', '"1.23456"', '"12"'];
const datetimes = [
  '"2026-03-29"',
  '"1969-12-31T23:59:59.001Z"',
  '"2024-02-29T01:02:03+0530"',
  '"2023-02-29"',
  '"0000-01-01"',
  '"9999-12-31T23:59:59-2359"',
];
const durations = [
  '"1h"',
  '"-1d2h3m4s5ms"',
  '"9223372036854775807ms"',
  '"-9223372036854775808ms"',
  '"x"',
  '"0ms"',
];
const uids = [
  'User::"u0"',
  'User::"u1"',
  'Group::"g0"',
  'Group::"g1"',
  'Photo::"p0"',
  'Photo::"absent"',
  'Action::"view"',
  'Action::"all"',
];
const attributes = ['n', 's', 'set', 'owner', 'rec', 'ok', 'none', 'ip', 'dec', 'at', 'span'];

const picked = (texts: readonly string[]): Text => fc.constantFrom(...texts);

/** Cedar expressions, mostly well typed, so that evaluation goes deep before anything faults. */
function expressions(): { readonly bool: Text } {
  const { bool } = fc.letrec<Record<Kind, string>>((tie) => {
    const t = (kind: Kind): Text =>
      fc.oneof({ weight: 30, arbitrary: tie(kind) }, { weight: 1, arbitrary: tie('any') });
    const two = (left: Kind, operators: readonly string[], right: Kind): Text =>
      fc.tuple(t(left), picked(operators), t(right)).map(([a, o, b]) => `(${a}) ${o} (${b})`);
    const method = (left: Kind, names: readonly string[], right?: Kind): Text =>
      fc
        .tuple(t(left), picked(names), right === undefined ? fc.constant('') : t(right))
        .map(([a, m, b]) => `(${a}).${m}(${b})`);
    const read = (...names: readonly string[]): Text =>
      fc.tuple(t('owner'), picked(names)).map(([owner, name]) => `(${owner}).${name}`);
    const choice = (kind: Kind): Text =>
      fc.tuple(t('bool'), t(kind), t(kind)).map(([c, a, b]) => `(if ${c} then ${a} else ${b})`);
    const any = (...arbitraries: readonly Text[]): Text =>
      fc.oneof({ maxDepth: 4, depthSize: 'small' }, ...arbitraries);
    return {
      any: any(
        picked(['1']),
        ...(
          [
            'bool',
            'long',
            'string',
            'set',
            'entity',
            'record',
            'ip',
            'decimal',
            'datetime',
            'duration',
          ] as const
        ).map((kind) => tie(kind) as Text),
      ),
      owner: any(picked(['context', 'principal', 'resource']), tie('record') as Text, tie('entity') as Text),
      bool: any(
        picked(['true', 'false', 'context.ok']),
        two('bool', ['&&', '||'], 'bool'),
        t('bool').map((a) => `!(${a})`),
        choice('bool'),
        two('any', ['==', '!='], 'any'),
        two('long', ['==', '<', '<=', '>', '>='], 'long'),
        two('datetime', ['==', '<', '<=', '>', '>='], 'datetime'),
        two('duration', ['<', '>='], 'duration'),
        two('entity', ['in', '=='], 'entity'),
        fc
          .tuple(t('entity'), fc.array(t('entity'), { maxLength: 3 }))
          .map(([a, b]) => `(${a}) in [${b.join(', ')}]`),
        fc.tuple(t('entity'), picked(['User', 'Group', 'Photo'])).map(([a, type]) => `(${a}) is ${type}`),
        fc
          .tuple(t('entity'), picked(['User', 'Group']), t('entity'))
          .map(([a, type, b]) => `(${a}) is ${type} in (${b})`),
        fc
          .tuple(t('owner'), picked([...attributes, 'rec.n', 'owner.s', 'rec.none.x']))
          .map(([a, b]) => `(${a}) has ${b}`),
        fc.tuple(t('string'), picked(patterns)).map(([a, b]) => `(${a}) like ${b}`),
        method('set', ['contains'], 'any'),
        method('set', ['containsAll', 'containsAny'], 'set'),
        method('set', ['isEmpty']),
        method('entity', ['hasTag'], 'string'),
        method('ip', ['isIpv4', 'isIpv6', 'isLoopback', 'isMulticast']),
        method('ip', ['isInRange'], 'ip'),
        method('decimal', ['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'], 'decimal'),
      ),
      long: any(
        picked(longs),
        read('n'),
        two('long', ['+', '-', '*'], 'long'),
        t('long').map((a) => `-(${a})`),
        choice('long'),
        method('duration', ['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays']),
      ),
      string: any(picked(strings), read('s'), method('entity', ['getTag'], 'string'), choice('string')),
      set: any(
        picked(['[]', '[1, 2]', '["a"]', '[User::"u0"]']),
        read('set'),
        fc.array(t('any'), { maxLength: 10 }).map((a) => `[${a.join(', ')}]`),
      ),
      entity: any(picked(['principal', 'resource', 'action', ...uids]), read('owner'), choice('entity')),
      record: any(
        read('rec'),
        fc
          .tuple(picked(attributes), t('any'), t('any'))
          .map(([name, a, b]) => `{ ${name}: ${a}, "other key": ${b} }`),
      ),
      ip: any(
        picked(ips).map((a) => `ip(${a})`),
        read('ip'),
        t('string').map((a) => `ip(${a})`),
      ),
      decimal: any(
        picked(decimals).map((a) => `decimal(${a})`),
        read('dec'),
      ),
      datetime: any(
        picked(datetimes).map((a) => `datetime(${a})`),
        read('at'),
        method('datetime', ['offset'], 'duration'),
        method('datetime', ['toDate']),
      ),
      duration: any(
        picked(durations).map((a) => `duration(${a})`),
        read('span'),
        method('datetime', ['toTime']),
        method('datetime', ['durationSince'], 'datetime'),
      ),
    };
  });
  return { bool };
}

type Kind =
  | 'any'
  | 'owner'
  | 'bool'
  | 'long'
  | 'string'
  | 'set'
  | 'entity'
  | 'record'
  | 'ip'
  | 'decimal'
  | 'datetime'
  | 'duration';

const principalScope = picked([
  'principal',
  'principal',
  'principal',
  'principal',
  'principal == User::"u0"',
  'principal == User::"u1"',
  'principal in Group::"g0"',
  'principal is User',
  'principal is User in Group::"g1"',
  'principal == Group::"u0"',
]);
const actionScope = picked([
  'action',
  'action',
  'action',
  'action == Action::"view"',
  'action == Action::"edit"',
  'action in Action::"all"',
  'action in [Action::"view", Action::"edit"]',
  'action in []',
]);
const resourceScope = picked([
  'resource',
  'resource',
  'resource',
  'resource == Photo::"p0"',
  'resource in Photo::"p1"',
  'resource is Photo',
]);

/** A set of up to four policies, as text. */
export const policySet: fc.Arbitrary<string> = fc
  .array(policy(expressions().bool), { minLength: 1, maxLength: 4 })
  .map((policies) => policies.join('\n'));

function policy(condition: Text): Text {
  const clause = fc.tuple(picked(['when', 'unless']), condition).map(([kind, body]) => `${kind} { ${body} }`);
  return fc
    .tuple(
      picked(['permit', 'permit', 'forbid']),
      principalScope,
      actionScope,
      resourceScope,
      fc.array(clause, { maxLength: 2 }),
    )
    .map(([effect, p, a, r, clauses]) => `${effect} (${p}, ${a}, ${r}) ${clauses.join(' ')};`);
}

const value: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom<Value[]>(
    true,
    false,
    0,
    7,
    -1,
    canonical(2n ** 63n - 1n),
    canonical(-(2n ** 53n) - 1n),
    '',
    'a',
    'ab',
    'a*b',
    'project',
  ),
  fc.constantFrom<Value[]>(
    ip('10.1.2.3'),
    ip('10.0.0.0/8'),
    decimal('1.0'),
    datetime('2026-03-29T01:00:00Z'),
    duration('-90m'),
  ),
  fc.constantFrom<Value[]>(
    setOf([]),
    setOf([1, 2]),
    setOf(['a', 'ab', 'a']),
    setOf(Array.from({ length: 12 }, (_, n) => n)),
    recordOf({ n: 1, s: 'a' }),
  ),
  fc.constantFrom<Value[]>(
    { kind: 'entity', type: 'User', id: 'u0' },
    { kind: 'entity', type: 'Photo', id: 'absent' },
  ),
);

/** A record with some of the attributes, mostly of the type their name promises. */
const members = fc
  .record(
    {
      n: fc.constantFrom<Value[]>(0, 7, -1, canonical(2n ** 63n - 1n)),
      s: fc.constantFrom<Value[]>('', 'a', 'ab', 'tag'),
      ok: fc.boolean(),
      set: fc.constantFrom<Value[]>(setOf([]), setOf(['a']), setOf([2, 1, 1])),
      owner: fc.constantFrom<Value[]>(
        { kind: 'entity', type: 'User', id: 'u0' },
        { kind: 'entity', type: 'Group', id: 'g1' },
      ),
      rec: fc.constantFrom<Value[]>(recordOf({ n: 1 }), recordOf({ n: 7, none: recordOf({}) })),
      ip: fc.constantFrom<Value[]>(ip('10.1.2.3'), ip('::1')),
      dec: fc.constantFrom<Value[]>(decimal('1.0'), decimal('0.9999')),
      at: fc.constantFrom<Value[]>(datetime('2026-03-29T01:00:00Z'), datetime('1969-12-31')),
      span: fc.constantFrom<Value[]>(duration('1h'), duration('-90m')),
      none: value,
    },
    { requiredKeys: [] },
  )
  .map(recordOf);

const tags = fc
  .record({ a: value, project: fc.constant('ab'), tag: fc.constant('a') }, { requiredKeys: [] })
  .map(recordOf);

/** A question, with every entity that exists for it. */
export interface RandomQuestion {
  readonly query: Query;
  readonly entities: readonly EntityValue[];
}

const names: readonly (readonly [string, string])[] = [
  ['Group', 'g1'],
  ['Group', 'g0'],
  ['User', 'u1'],
  ['User', 'u0'],
  ['Photo', 'p1'],
  ['Photo', 'p0'],
];

/** Questions over a small world whose hierarchy and attributes vary. */
export const question: fc.Arbitrary<RandomQuestion> = fc
  .tuple(
    fc.array(fc.tuple(members, tags, fc.integer({ min: 0, max: 63 })), {
      minLength: names.length,
      maxLength: names.length,
    }),
    fc.constantFrom('u0', 'u1', 'absent'),
    fc.constantFrom('view', 'edit', 'other'),
    fc.constantFrom('p0', 'p1', 'absent'),
    members,
  )
  .map(([facts, user, actionId, photo, context]) => {
    const made: EntityValue[] = [];
    facts.forEach(([attributes, tagRecord, parentBits], at) => {
      const [type = '', id = ''] = names[at] ?? [];
      // A parent stands before its child, so the hierarchy has no cycles.
      const parents = made.filter((_, before) => (parentBits >> before) & 1);
      made.push({ kind: 'entity', type, id, facts: { attributes, tags: tagRecord, parents } });
    });
    const actions = actionEntities();
    const entities = [...made, ...actions];
    const find = entityStore(entities);
    const bare = (type: string, id: string): EntityValue =>
      entities.find((each) => each.type === type && each.id === id) ?? { kind: 'entity', type, id };
    const query = {
      principal: bare('User', user),
      action: bare('Action', actionId),
      resource: bare('Photo', photo),
      context,
      find,
    };
    return { query, entities };
  });

function actionEntities(): readonly EntityValue[] {
  const facts = { attributes: recordOf({}), tags: recordOf({}) };
  const all: EntityValue = { kind: 'entity', type: 'Action', id: 'all', facts: { ...facts, parents: [] } };
  const view: EntityValue = {
    kind: 'entity',
    type: 'Action',
    id: 'view',
    facts: { ...facts, parents: [all] },
  };
  const edit: EntityValue = { kind: 'entity', type: 'Action', id: 'edit', facts: { ...facts, parents: [] } };
  return [all, view, edit];
}
