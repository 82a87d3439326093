import { policyJson } from '../../../src/policy/cedar/engine.ts';
import { evaluate, type Verdict } from '../../../src/policy/cedar/evaluate.ts';
import { createPolicyIndex } from '../../../src/policy/cedar/policy-index.ts';
import type { Query } from '../../../src/policy/cedar/query.ts';
import { type ReadPolicy, readPolicy } from '../../../src/policy/cedar/read-policy.ts';
import { markLongs, splitStatements } from '../../../src/policy/cedar/statements.ts';
import type { EntityFacts, EntityValue } from '../../../src/policy/cedar/value.ts';

/** A policy of a text, with the id that Cedar gives it there. */
export type NumberedPolicy = ReadPolicy & { readonly id: string; readonly text: string };

/** Reads policies of any vocabulary; ids are `policy0`, `policy1`, ... as Cedar gives them. */
export function readPolicies(text: string): readonly NumberedPolicy[] {
  return splitStatements(text).map((statement, at) => {
    const json = policyJson(markLongs(statement));
    if ('offset' in json) throw new Error(`${json.message} in ${statement.text}`);
    return { ...readPolicy(json), id: `policy${at}`, text: statement.text };
  });
}

/** The compiled evaluator over policies and entities of any vocabulary. */
export function compiledEvaluator(policies: readonly NumberedPolicy[]): (query: Query) => Verdict {
  const index = createPolicyIndex(policies);
  return (query) => evaluate(index.candidates(lineOf(query.action), query.principal), query);
}

/** Looks entities up by UID. */
export function entityStore(entities: readonly EntityValue[]): Query['find'] {
  const byUid = new Map(entities.map((entity) => [uidKey(entity.type, entity.id), entity.facts]));
  return (type, id): EntityFacts | undefined => byUid.get(uidKey(type, id));
}

function lineOf(entity: EntityValue): readonly EntityValue[] {
  const line = new Map<string, EntityValue>();
  const visit = (each: EntityValue): void => {
    const key = uidKey(each.type, each.id);
    if (line.has(key)) return;
    line.set(key, each);
    each.facts?.parents.forEach(visit);
  };
  visit(entity);
  return [...line.values()];
}

function uidKey(type: string, id: string): string {
  return JSON.stringify([type, id]);
}
