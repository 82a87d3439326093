import type { Node, Variable } from './node.ts';
import type { Query } from './query.ts';
import { boolean, type Value } from './value.ts';

/** A compiled expression; throws an `EvaluationFault` where Cedar reports an evaluation error. */
export type Evaluate = (query: Query) => Value;

/** Compiles an expression to closures. No code is generated, so the process may forbid that. */
export function compile(node: Node): Evaluate {
  switch (node.kind) {
    case 'literal':
      return () => node.value;
    case 'variable':
      return variables[node.name];
    case 'unary':
      return compileUnary(node);
    case 'binary':
      return compileBinary(node);
    case 'nary':
      return compileNary(node);
    case 'not':
    case 'and':
    case 'or':
      return compileTruth(node);
    case 'if':
      return compileIf(node);
  }
}

const variables: Readonly<Record<Variable, Evaluate>> = {
  principal: (query) => query.principal,
  action: (query) => query.action,
  resource: (query) => query.resource,
  context: (query) => query.context,
};

function compileUnary({ arg, apply }: Extract<Node, { kind: 'unary' }>): Evaluate {
  const evaluate = compile(arg);
  return (query) => apply(evaluate(query), query);
}

function compileBinary({ left, right, apply }: Extract<Node, { kind: 'binary' }>): Evaluate {
  const first = compile(left);
  const second = compile(right);
  return (query) => apply(first(query), second(query), query);
}

function compileNary({ args, apply }: Extract<Node, { kind: 'nary' }>): Evaluate {
  const all = args.map(compile);
  return (query) => apply(all.map((evaluate) => evaluate(query)));
}

function compileTruth(node: Extract<Node, { kind: 'not' | 'and' | 'or' }>): Evaluate {
  if (node.kind === 'not') {
    const arg = compile(node.arg);
    return (query) => !boolean(arg(query));
  }
  const left = compile(node.left);
  const right = compile(node.right);
  if (node.kind === 'and') return (query) => boolean(left(query)) && boolean(right(query));
  return (query) => boolean(left(query)) || boolean(right(query));
}

function compileIf({ test, consequent, alternative }: Extract<Node, { kind: 'if' }>): Evaluate {
  const condition = compile(test);
  const yes = compile(consequent);
  const no = compile(alternative);
  return (query) => (boolean(condition(query)) ? yes(query) : no(query));
}
