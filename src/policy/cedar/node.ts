import type { Query } from './query.ts';
import type { Value } from './value.ts';

/** The variables of a Cedar expression. */
export type Variable = 'principal' | 'action' | 'resource' | 'context';

/** What a unary node asks of its operand, where an evaluator that knows the operand in part must tell. */
type Probe =
  | { readonly kind: 'get' | 'has'; readonly member: string }
  | { readonly kind: 'is'; readonly type: string }
  | { readonly kind: 'other' };

/** An expression made ready: every operator that evaluates all of its operands is one of the three strict kinds. */
export type Node =
  | { readonly kind: 'literal'; readonly value: Value }
  | { readonly kind: 'variable'; readonly name: Variable }
  | { readonly kind: 'unary'; readonly probe: Probe; readonly arg: Node; readonly apply: Unary }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Node;
      readonly right: Node;
      readonly apply: Binary;
    }
  | { readonly kind: 'nary'; readonly args: readonly Node[]; readonly apply: Nary }
  | { readonly kind: 'not'; readonly arg: Node }
  | { readonly kind: 'and' | 'or'; readonly left: Node; readonly right: Node }
  | { readonly kind: 'if'; readonly test: Node; readonly consequent: Node; readonly alternative: Node };

/** A strict operator of one operand; throws an `EvaluationFault`. */
export type Unary = (value: Value, query: Query) => Value;

/** A strict operator of two operands; throws an `EvaluationFault`. */
export type Binary = (left: Value, right: Value, query: Query) => Value;

/** A strict operator of any number of operands. */
type Nary = (values: readonly Value[]) => Value;

/** Both must hold; the right is not evaluated where the left is false. */
export function and(left: Node, right: Node): Node {
  return { kind: 'and', left, right };
}
