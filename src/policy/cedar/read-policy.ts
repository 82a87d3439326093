import type {
  EntityUidJson,
  PolicyJson,
  PrincipalConstraint,
  ResourceConstraint,
} from '@cedar-policy/cedar-wasm/nodejs';
import { setOf } from './equality.ts';
import { and, type Node } from './node.ts';
import { binary, readExpression, typeTest } from './read-expression.ts';
import type { EntityValue } from './value.ts';

/** A policy made ready for evaluation. */
export interface ReadPolicy {
  readonly effect: 'permit' | 'forbid';
  /** Scope and clauses as one expression, in the order Cedar evaluates them. */
  readonly condition: Node;
  /** The actions, one of which the request's must be or lie in; undefined for any. */
  readonly actions: readonly EntityValue[] | undefined;
  /** The one principal of the policy, where its scope names one by `==`. */
  readonly principal: EntityValue | undefined;
}

/**
 * Reads a static policy of Cedar's JSON policy format.
 *
 * @throws Error for a construct that is not known.
 */
export function readPolicy(policy: PolicyJson): ReadPolicy {
  const actions = actionsOf(policy);
  const clauses = policy.conditions.map(({ kind, body }): Node => {
    const clause = readExpression(body);
    return kind === 'when' ? clause : { kind: 'not', arg: clause };
  });
  const scope = [
    ...subjectScope(policy),
    ...actionScope(policy, actions),
    ...scopeOf('resource', policy.resource),
  ];
  return {
    effect: policy.effect,
    condition: [...scope, ...clauses].reduceRight((rest, test) => and(test, rest), always),
    actions,
    principal: policy.principal.op === '==' ? uid(entityOf(policy.principal)) : undefined,
  };
}

const always: Node = { kind: 'literal', value: true };

function subjectScope(policy: PolicyJson): readonly Node[] {
  return scopeOf('principal', policy.principal);
}

function scopeOf(
  name: 'principal' | 'resource',
  constraint: PrincipalConstraint | ResourceConstraint,
): readonly Node[] {
  const variable: Node = { kind: 'variable', name };
  switch (constraint.op) {
    case 'All':
      return [];
    case '==':
    case 'in':
      return [binary(constraint.op, variable, literal(entityOf(constraint)))];
    case 'is': {
      const group = constraint.in === undefined ? undefined : literal(entityOf(constraint.in));
      return [typeTest(variable, constraint.entity_type, group)];
    }
  }
}

function actionsOf({ action }: PolicyJson): readonly EntityValue[] | undefined {
  if (action.op === 'All') return undefined;
  return ('entities' in action ? action.entities : [entityOf(action)]).map(uid);
}

function actionScope({ action }: PolicyJson, actions: readonly EntityValue[] | undefined): readonly Node[] {
  const variable: Node = { kind: 'variable', name: 'action' };
  const [first] = actions ?? [];
  if (actions === undefined) return [];
  if (action.op === '==' && first !== undefined) {
    return [binary('==', variable, { kind: 'literal', value: first })];
  }
  return [binary('in', variable, { kind: 'literal', value: setOf(actions) })];
}

function entityOf(constraint: { readonly entity: EntityUidJson } | { readonly slot: string }): EntityUidJson {
  if ('slot' in constraint) throw new Error(`the slot ${constraint.slot} is not linked`);
  return constraint.entity;
}

function literal(json: EntityUidJson): Node {
  return { kind: 'literal', value: uid(json) };
}

function uid(json: EntityUidJson): EntityValue {
  const { type, id } = '__entity' in json ? json.__entity : json;
  return { kind: 'entity', type, id };
}
