import { type SchemaJson, schemaToJsonWithResolvedTypes } from '@cedar-policy/cedar-wasm/nodejs';
import { setOf } from '../../../src/policy/cedar/equality.ts';
import { extensions } from '../../../src/policy/cedar/extensions.ts';
import { canonical } from '../../../src/policy/cedar/long.ts';
import type { Query } from '../../../src/policy/cedar/query.ts';
import { emptyRecord, recordOfMap } from '../../../src/policy/cedar/record.ts';
import type { EntityValue, RecordValue, Value } from '../../../src/policy/cedar/value.ts';
import { entityStore } from './evaluator.ts';

/** One of Cedar's published tests: policies, schema, entities, and requests with the answers of the reference. */
export interface CedarTest {
  readonly name: string;
  readonly policies: string;
  readonly schema: string;
  readonly entities: string;
  readonly requests: readonly CedarRequest[];
}

/** A request with its published answer. */
export interface CedarRequest {
  readonly description: string;
  readonly principal: Uid;
  readonly action: Uid;
  readonly resource: Uid;
  readonly context: unknown;
  readonly decision: 'allow' | 'deny';
  readonly reason: readonly string[];
  readonly errors: readonly string[];
}

interface Uid {
  readonly type: string;
  readonly id: string;
}

interface Type {
  readonly type: string;
  readonly name?: string;
  readonly element?: Type;
  readonly attributes?: Readonly<Record<string, Type>>;
}

/** Parses JSON without rounding numbers beyond 2^53: they become `bigint`. */
export function parseExact(text: string): unknown {
  const exact = (_: string, value: unknown, { source }: { source?: string } = {}): unknown =>
    typeof value === 'number' && !Number.isSafeInteger(value) ? BigInt(source ?? '') : value;
  return (JSON.parse as (text: string, reviver: typeof exact) => unknown)(text, exact);
}

/** The questions of a test in the evaluator's terms. Cedar reads JSON values by the types of the schema. */
export function queriesOf(
  test: CedarTest,
): readonly { readonly query: Query; readonly request: CedarRequest }[] {
  const schema = readSchema(test.schema);
  const stored = readEntities(parseExact(test.entities) as readonly EntityJson[], schema);
  const entities = [...stored, ...actionEntities(schema)];
  const find = entityStore(entities);
  const known = ({ type, id }: Uid): EntityValue => {
    const facts = find(type, id);
    return facts === undefined ? { kind: 'entity', type, id } : { kind: 'entity', type, id, facts };
  };
  return test.requests.map((request) => {
    const { principal, action, resource } = request;
    const context = readTyped(request.context, contextType(schema, action), schema) as RecordValue;
    return {
      request,
      query: { principal: known(principal), action: known(action), resource: known(resource), context, find },
    };
  });
}

interface EntityJson {
  readonly uid: Uid | { readonly __entity: Uid };
  readonly attrs: unknown;
  readonly tags?: Readonly<Record<string, unknown>>;
  readonly parents: readonly (Uid | { readonly __entity: Uid })[];
}

function readSchema(text: string): SchemaJson<string> {
  const answer = schemaToJsonWithResolvedTypes(text);
  if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('; '));
  return answer.json;
}

function readEntities(jsons: readonly EntityJson[], schema: SchemaJson<string>): readonly EntityValue[] {
  return link(
    jsons.map((json) => {
      const uid = uidOf(json.uid);
      const { shape, tags } = entityType(schema, uid.type);
      const tagValues = Object.entries(json.tags ?? {}).map(
        ([tag, value]) => [tag, readTyped(value, tags, schema)] as const,
      );
      return {
        uid,
        attributes: readTyped(json.attrs, shape, schema) as RecordValue,
        tags: recordOfMap(new Map(tagValues)),
        parents: json.parents.map(uidOf),
      };
    }),
  );
}

interface Unlinked {
  readonly uid: Uid;
  readonly attributes: RecordValue;
  readonly tags: RecordValue;
  readonly parents: readonly Uid[];
}

/** Parents are UIDs of the same list; the evaluator looks them up, so bare UIDs suffice. */
function link(entities: readonly Unlinked[]): readonly EntityValue[] {
  const facts = new Map<string, EntityValue>();
  const key = ({ type, id }: Uid): string => JSON.stringify([type, id]);
  const made = (uid: Uid): EntityValue => {
    const known = facts.get(key(uid));
    if (known !== undefined) return known;
    const found = entities.find((each) => key(each.uid) === key(uid));
    if (found === undefined) return { kind: 'entity', ...uid };
    const { attributes, tags } = found;
    const parents = found.parents.map(made);
    const entity: EntityValue = { kind: 'entity', ...found.uid, facts: { attributes, tags, parents } };
    facts.set(key(uid), entity);
    return entity;
  };
  return entities.map(({ uid }) => made(uid));
}

function actionEntities(schema: SchemaJson<string>): readonly EntityValue[] {
  return link(
    Object.entries(schema).flatMap(([namespace, { actions }]) =>
      Object.entries(actions).map(([id, { memberOf = [] }]) => ({
        uid: { type: qualified(namespace, 'Action'), id },
        attributes: emptyRecord,
        tags: emptyRecord,
        parents: memberOf.map((group) => ({
          type: group.type ?? qualified(namespace, 'Action'),
          id: group.id,
        })),
      })),
    ),
  );
}

function entityType(
  schema: SchemaJson<string>,
  type: string,
): { readonly shape?: Type; readonly tags?: Type } {
  const [namespace, name] = splitName(type);
  return (schema[namespace]?.entityTypes[name] ?? {}) as { shape?: Type; tags?: Type };
}

function contextType(schema: SchemaJson<string>, action: Uid): Type | undefined {
  const [namespace] = splitName(action.type);
  return schema[namespace]?.actions[action.id]?.appliesTo?.context as Type | undefined;
}

function commonType(schema: SchemaJson<string>, type: string): Type | undefined {
  const [namespace, name] = splitName(type);
  return schema[namespace]?.commonTypes?.[name] as Type | undefined;
}

const constructors: Readonly<Record<string, string>> = {
  ipaddr: 'ip',
  decimal: 'decimal',
  datetime: 'datetime',
  duration: 'duration',
};

function readTyped(json: unknown, type: Type | undefined, schema: SchemaJson<string>): Value {
  const common = type === undefined ? undefined : commonType(schema, type.name ?? type.type);
  if (common !== undefined && type?.type !== 'Entity') return readTyped(json, common, schema);
  if (typeof json === 'bigint') return canonical(json);
  if (typeof json === 'boolean' || typeof json === 'number') return json;
  if (typeof json === 'string') return textValue(json, type);
  if (Array.isArray(json)) return setOf(json.map((each) => readTyped(each, type?.element, schema)));
  const object = json as Readonly<Record<string, unknown>>;
  if (object['__entity'] !== undefined) return { kind: 'entity', ...(object['__entity'] as Uid) };
  if (object['__extn'] !== undefined) return callOf(object['__extn'] as Call, schema);
  if (type !== undefined && isEntityType(type)) return { kind: 'entity', ...(object as unknown as Uid) };
  if (typeof object['fn'] === 'string' && type?.attributes === undefined)
    return callOf(object as unknown as Call, schema);
  return recordOfMap(
    new Map(
      Object.entries(object).map(([name, value]) => [
        name,
        readTyped(value, type?.attributes?.[name], schema),
      ]),
    ),
  );
}

interface Call {
  readonly fn: string;
  readonly arg?: unknown;
  readonly args?: readonly unknown[];
}

function callOf({ fn, arg, args }: Call, schema: SchemaJson<string>): Value {
  const [first = '', second] = (args ?? [arg]).map((each) => readTyped(each, undefined, schema));
  return extensions.get(fn)?.apply(first, second ?? first) ?? assertNever(fn);
}

function assertNever(fn: string): never {
  throw new Error(`unknown extension function ${fn}`);
}

/** Where the schema says extension type, a bare string is the constructor's argument. */
function textValue(text: string, type: Type | undefined): Value {
  const name = (type?.name ?? type?.type ?? '').replace(/^__cedar::/, '');
  const construct = extensions.get(constructors[name] ?? '');
  return construct === undefined ? text : construct.apply(text, text);
}

function isEntityType({ type, attributes, element }: Type): boolean {
  return (
    type === 'Entity' ||
    (attributes === undefined &&
      element === undefined &&
      !/^(?:__cedar::)?(?:String|Long|Bool|Boolean|Record|Set|Extension|ipaddr|decimal|datetime|duration)$/.test(
        type,
      ))
  );
}

function uidOf(json: Uid | { readonly __entity: Uid }): Uid {
  const { type, id } = '__entity' in json ? json.__entity : json;
  return { type, id };
}

function splitName(type: string): readonly [string, string] {
  const at = type.lastIndexOf('::');
  return at < 0 ? ['', type] : [type.slice(0, at), type.slice(at + 2)];
}

function qualified(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}::${name}`;
}
