import { compile } from './compile.ts';
import { EvaluationFault } from './fault.ts';
import type { Node } from './node.ts';
import type { Query } from './query.ts';
import type { Value } from './value.ts';

/** A question of which the arguments, and perhaps which resource they name, are not known yet. */
export interface OpenQuery extends Query {
  /** The resource's id and tags hang on the arguments; its type, parents and other attributes do not. */
  readonly openResource: boolean;
}

/** What an expression may come to, over all arguments: any of these bits. */
export const may = { hold: 1, fail: 2, fault: 4, other: 8 } as const;

/** A value that does not hang on the arguments, or what is known of one that does. */
type Outcome = Value | Unknown;

interface Unknown {
  readonly kind: 'unknown';
  readonly may: number;
}

/**
 * Compiles an expression to one that tells what it may come to (a sound over-approximation: every outcome that some
 * arguments lead to is among those told).
 */
export function compileAbstract(node: Node): (query: OpenQuery) => number {
  const evaluate = abstract(node);
  return (query) => truth(evaluate(query));
}

type EvaluateOpen = (query: OpenQuery) => Outcome;

function abstract(node: Node): EvaluateOpen {
  if (!isOpen(node)) return closed(node);
  switch (node.kind) {
    case 'literal':
      return () => node.value;
    case 'variable':
      return openVariable(node);
    case 'unary':
      return strict([node.arg], ([value], query) => node.apply(value, query));
    case 'binary':
      return openBinary(node);
    case 'nary':
      return strict(node.args, (values) => node.apply(values));
    case 'not':
      return openNot(node.arg);
    case 'and':
    case 'or':
      return openTruth(node);
    case 'if':
      return openIf(node);
  }
}

/** The name of the one member of the context that hangs on the arguments. */
const openMember = 'arguments';
/** The attributes of an open resource that hang on the arguments. */
const openAttributes: ReadonlySet<string> = new Set(['id', 'name']);

function isOpen(node: Node): boolean {
  switch (node.kind) {
    case 'literal':
      return false;
    case 'variable':
      return node.name === 'context' || node.name === 'resource';
    case 'unary':
      return !isKnownRead(node) && isOpen(node.arg);
    case 'binary':
    case 'and':
    case 'or':
      return isOpen(node.left) || isOpen(node.right);
    case 'nary':
      return node.args.some(isOpen);
    case 'not':
      return isOpen(node.arg);
    case 'if':
      return isOpen(node.test) || isOpen(node.consequent) || isOpen(node.alternative);
  }
}

/** Reads that do not hang on the arguments although their operand does. */
function isKnownRead({ arg, probe }: Extract<Node, { kind: 'unary' }>): boolean {
  if (arg.kind !== 'variable') return false;
  if (arg.name === 'context')
    return probe.kind === 'has' || (probe.kind === 'get' && probe.member !== openMember);
  return (
    probe.kind === 'is' || probe.kind === 'has' || (probe.kind === 'get' && !openAttributes.has(probe.member))
  );
}

function closed(node: Node): EvaluateOpen {
  const evaluate = compile(node);
  return (query) => attempt(() => evaluate(query));
}

function attempt(evaluate: () => Value): Outcome {
  try {
    return evaluate();
  } catch (error) {
    if (error instanceof EvaluationFault) return unknown(may.fault);
    throw error;
  }
}

function openVariable(node: Extract<Node, { kind: 'variable' }>): EvaluateOpen {
  if (node.name === 'context') return () => unknown(may.other);
  return (query) => (query.openResource ? unknown(may.other) : query.resource);
}

/** A strict operator: known where all operands are known, else anything; surely a fault where an operand is. */
function strict(
  args: readonly Node[],
  apply: (values: readonly [Value, ...Value[]], query: OpenQuery) => Value,
): EvaluateOpen {
  const all = args.map(abstract);
  return (query) => {
    const outcomes = all.map((evaluate) => evaluate(query));
    if (outcomes.some((outcome) => isUnknown(outcome) && outcome.may === may.fault))
      return unknown(may.fault);
    if (outcomes.some(isUnknown)) return unknown(may.hold | may.fail | may.fault | may.other);
    return attempt(() => apply(outcomes as unknown as readonly [Value, ...Value[]], query));
  };
}

function openBinary(node: Extract<Node, { kind: 'binary' }>): EvaluateOpen {
  const general = strict([node.left, node.right], ([left, right], query) =>
    node.apply(left, right ?? left, query),
  );
  if (node.operator !== 'in' || node.left.kind !== 'variable' || isOpen(node.right)) return general;
  const group = closed(node.right);
  return (query) => {
    const right = group(query);
    if (isUnknown(right) || !query.openResource) return general(query);
    return namesResource(right, query.resource.type)
      ? unknown(may.hold | may.fail | may.fault)
      : attempt(() => node.apply(query.resource, right, query));
  };
}

/** Whether a group could be the open resource itself; what it lies in is known. */
function namesResource(group: Value, type: string): boolean {
  if (typeof group !== 'object') return false;
  if (group.kind === 'set') return group.members.some((member) => namesResource(member, type));
  return group.kind === 'entity' && group.type === type;
}

function openNot(arg: Node): EvaluateOpen {
  const evaluate = abstract(arg);
  return (query) => {
    const can = truth(evaluate(query));
    return outcome((can & may.hold ? may.fail : 0) | (can & may.fail ? may.hold : 0) | (can & may.fault));
  };
}

function openTruth(node: Extract<Node, { kind: 'and' | 'or' }>): EvaluateOpen {
  const left = abstract(node.left);
  const right = abstract(node.right);
  const goesOn = node.kind === 'and' ? may.hold : may.fail;
  return (query) => {
    const first = truth(left(query));
    if (!(first & goesOn)) return outcome(first);
    return outcome((first & ~goesOn) | truth(right(query)));
  };
}

function openIf(node: Extract<Node, { kind: 'if' }>): EvaluateOpen {
  const test = abstract(node.test);
  const consequent = abstract(node.consequent);
  const alternative = abstract(node.alternative);
  return (query) => {
    const can = truth(test(query));
    if (can === may.hold) return consequent(query);
    if (can === may.fail) return alternative(query);
    const yes = can & may.hold ? range(consequent(query)) : 0;
    const no = can & may.fail ? range(alternative(query)) : 0;
    return unknown(yes | no | (can & may.fault));
  };
}

/** What an outcome may be where a boolean is demanded: anything else is a fault. */
function truth(outcome: Outcome): number {
  const can = range(outcome);
  return can & may.other ? (can & ~may.other) | may.fault : can;
}

function range(outcome: Outcome): number {
  if (isUnknown(outcome)) return outcome.may;
  return typeof outcome === 'boolean' ? (outcome ? may.hold : may.fail) : may.other;
}

function outcome(can: number): Outcome {
  return can === may.hold ? true : can === may.fail ? false : unknown(can);
}

function unknown(can: number): Unknown {
  return { kind: 'unknown', may: can };
}

function isUnknown(outcome: Outcome): outcome is Unknown {
  return typeof outcome === 'object' && outcome.kind === 'unknown';
}
