import type { CedarValueJson, EntityJson } from '@cedar-policy/cedar-wasm/nodejs';
import { decimalText } from './decimal.ts';
import type { OracleRequest } from './engine.ts';
import { ipText } from './ip.ts';
import type { Query } from './query.ts';
import type { EntityFacts, EntityValue, Long, RecordValue, Value } from './value.ts';

/** Writes a question in the official engine's JSON, with these entities. */
export function oracleRequest(query: Query, entities: readonly EntityValue[]): OracleRequest {
  return {
    principal: uid(query.principal),
    action: uid(query.action),
    resource: uid(query.resource),
    context: recordJson(query.context),
    entities: entities.flatMap((entity) =>
      entity.facts === undefined ? [] : [entityJson(entity, entity.facts)],
    ),
  };
}

/** Writes a value in Cedar's JSON format. */
function valueJson(value: Value): CedarValueJson {
  if (typeof value === 'number' || typeof value === 'bigint') return longJson(value);
  if (typeof value !== 'object') return value;
  switch (value.kind) {
    case 'entity':
      return { __entity: uid(value) };
    case 'record':
      return recordJson(value);
    case 'set':
      return value.members.map(valueJson);
    case 'decimal':
      return call('decimal', decimalText(value));
    case 'ipaddr':
      return call('ip', ipText(value));
    case 'duration':
      return call('duration', `${value.value}ms`);
    case 'datetime':
      return {
        __extn: {
          fn: 'offset',
          args: [call('datetime', '1970-01-01'), call('duration', `${value.value}ms`)],
        },
      };
  }
}

function entityJson(entity: EntityValue, facts: EntityFacts): EntityJson {
  return {
    uid: uid(entity),
    attrs: recordJson(facts.attributes),
    tags: recordJson(facts.tags),
    parents: facts.parents.map(uid),
  };
}

function recordJson(record: RecordValue): Record<string, CedarValueJson> {
  const members = record.names().flatMap((name): readonly [string, CedarValueJson][] => {
    const value = record.get(name);
    return value === undefined ? [] : [[name, valueJson(value)]];
  });
  return Object.fromEntries(members);
}

function uid({ type, id }: EntityValue): { readonly type: string; readonly id: string } {
  return { type, id };
}

function call(fn: string, arg: string): CedarValueJson {
  return { __extn: { fn, arg } };
}

/** The engine is handed JSON text, so a long beyond 2^53 is written raw. */
function longJson(value: Long): CedarValueJson {
  return typeof value === 'number' ? value : (rawJson(String(value)) as CedarValueJson);
}

const rawJson = (JSON as unknown as { readonly rawJSON: (text: string) => unknown }).rawJSON;
