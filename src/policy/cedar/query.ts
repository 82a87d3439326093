import type { EntityFacts, EntityValue, RecordValue } from './value.ts';

/** One question as Cedar puts it, with the entities that it may read. */
export interface Query {
  readonly principal: EntityValue;
  readonly action: EntityValue;
  readonly resource: EntityValue;
  readonly context: RecordValue;
  /** Looks an entity up that a policy names itself. */
  readonly find: (type: string, id: string) => EntityFacts | undefined;
}

/** What is known of an entity; undefined for one that does not exist. */
export function factsOf(query: Query, entity: EntityValue): EntityFacts | undefined {
  return entity.facts ?? query.find(entity.type, entity.id);
}
