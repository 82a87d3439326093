import type { CedarValueJson, Expr } from '@cedar-policy/cedar-wasm/nodejs';
import { setOf } from './equality.ts';
import { extensions } from './extensions.ts';
import { EvaluationFault } from './fault.ts';
import { likeMatcher, type PatternElement } from './like.ts';
import { canonical } from './long.ts';
import { and, type Binary, type Node, type Unary, type Variable } from './node.ts';
import { binaries, getMember, hasMember, isType, unaries } from './operators.ts';
import { recordOfMap } from './record.ts';
import { string, type Value } from './value.ts';

type Operands = Readonly<Record<string, unknown>>;

/** Longs that JavaScript's JSON reader would round travel through the engine as `decimal("<mark>digits")`. */
export const longMark = 'long:';

/**
 * Reads an expression of Cedar's JSON policy format, with constants folded.
 *
 * @throws Error for a construct that is not known: an evaluator that skipped one would decide wrongly.
 */
export function readExpression(expression: Expr): Node {
  const [[form, content] = ['', undefined]] = Object.entries(expression);
  const read = forms.get(form);
  if (read !== undefined) return read(content as Operands);
  if (binaries.has(form) || unaries.has(form)) return readOperator(form, content as Operands);
  return readExtension(form, content as readonly Expr[]);
}

const forms: ReadonlyMap<string, (content: Operands) => Node> = new Map<string, (content: Operands) => Node>([
  ['Value', (content) => ({ kind: 'literal', value: readValue(content as CedarValueJson) })],
  ['Var', (content) => ({ kind: 'variable', name: content as unknown as Variable })],
  ['!', (content) => ({ kind: 'not', arg: operand(content, 'arg') })],
  ['&&', (content) => and(operand(content, 'left'), operand(content, 'right'))],
  ['||', (content) => ({ kind: 'or', left: operand(content, 'left'), right: operand(content, 'right') })],
  ['if-then-else', readConditional],
  ['.', (content) => member(operand(content, 'left'), String(content['attr']))],
  ['has', (content) => readHas(operand(content, 'left'), content['attr'] as string | readonly string[])],
  ['like', readLike],
  ['is', readIs],
  ['Set', (content) => nary((content as unknown as readonly Expr[]).map(readExpression), setOf)],
  ['Record', readRecord],
]);

/** A binary node by the name of its operator. */
export function binary(operator: string, left: Node, right: Node): Node {
  const apply = binaries.get(operator);
  if (apply === undefined) throw unknownForm(operator);
  return folded([left, right], { kind: 'binary', operator, left, right, apply }, ([a, b]) =>
    apply2(apply, a, b),
  );
}

/** A node that tests the type of an entity, and whether it lies in another. */
export function typeTest(arg: Node, type: string, group: Node | undefined): Node {
  const test: Node = { kind: 'unary', probe: { kind: 'is', type }, arg, apply: isType(type) };
  return group === undefined ? test : and(test, binary('in', arg, group));
}

/** Reads a value of Cedar's JSON format. */
function readValue(json: CedarValueJson): Value {
  if (typeof json === 'boolean' || typeof json === 'string') return json;
  if (typeof json === 'number') return readLong(json);
  if (Array.isArray(json)) return setOf(json.map(readValue));
  if (json === null || typeof json !== 'object') throw unknownForm(String(json));
  const { __entity: entity, __extn: extension } = json as { __entity?: unknown; __extn?: unknown };
  if (isUid(entity)) return { kind: 'entity', type: entity.type, id: entity.id };
  if (extension !== undefined) return readExtensionValue(extension as ExtensionJson);
  return recordOfMap(
    new Map(Object.entries(json).map(([name, value]) => [name, readValue(value as CedarValueJson)])),
  );
}

interface ExtensionJson {
  readonly fn: string;
  readonly arg?: CedarValueJson;
  readonly args?: readonly CedarValueJson[];
}

function readExtensionValue({ fn, arg, args }: ExtensionJson): Value {
  const [first, second] = (args ?? [arg ?? null]).map(readValue);
  const extension = extensions.get(fn);
  if (extension === undefined || first === undefined) throw unknownForm(fn);
  return extension.apply(first, second ?? first);
}

function isUid(value: unknown): value is { readonly type: string; readonly id: string } {
  const uid = value as { type?: unknown; id?: unknown } | undefined;
  return typeof uid?.type === 'string' && typeof uid.id === 'string';
}

function readLong(value: number): Value {
  if (!Number.isSafeInteger(value)) throw new Error(`the number ${value} was rounded on its way here`);
  return value + 0;
}

function operand(content: Operands, name: string): Node {
  return readExpression(content[name] as Expr);
}

function readOperator(form: string, content: Operands): Node {
  const apply = unaries.get(form);
  if (apply === undefined) return binary(form, operand(content, 'left'), operand(content, 'right'));
  return unary(operand(content, 'arg'), apply);
}

function readConditional(content: Operands): Node {
  return {
    kind: 'if',
    test: operand(content, 'if'),
    consequent: operand(content, 'then'),
    alternative: operand(content, 'else'),
  };
}

function readLike(content: Operands): Node {
  const matches = likeMatcher(content['pattern'] as readonly PatternElement[]);
  return unary(operand(content, 'left'), (value) => matches(string(value)));
}

function readIs(content: Operands): Node {
  const group = content['in'] === undefined ? undefined : operand(content, 'in');
  return typeTest(operand(content, 'left'), String(content['entity_type']), group);
}

function readRecord(content: Operands): Node {
  const names = Object.keys(content);
  const args = names.map((name) => operand(content, name));
  return nary(args, (values) => recordOfMap(new Map(values.map((value, at) => [names[at] ?? '', value]))));
}

/** `a has b.c` means `a has b && a.b has c`. */
function readHas(arg: Node, path: string | readonly string[]): Node {
  const [first = '', ...rest] = typeof path === 'string' ? [path] : path;
  const test: Node = { kind: 'unary', probe: { kind: 'has', member: first }, arg, apply: hasMember(first) };
  return rest.length === 0 ? test : and(test, readHas(member(arg, first), rest));
}

function member(arg: Node, name: string): Node {
  return { kind: 'unary', probe: { kind: 'get', member: name }, arg, apply: getMember(name) };
}

function readExtension(form: string, content: readonly Expr[]): Node {
  const extension = extensions.get(form);
  if (extension === undefined) throw unknownForm(form);
  const args = content.map(readExpression);
  const [first, second] = args;
  if (first === undefined || args.length !== extension.arity) {
    return nary(args, () => {
      throw new EvaluationFault(`\`${form}\` takes ${extension.arity} argument(s), not ${args.length}`);
    });
  }
  const marked = markedLong(form, first);
  if (marked !== undefined) return marked;
  if (second === undefined) return unary(first, (value) => extension.apply(value, value));
  const apply: Binary = (left, right) => extension.apply(left, right);
  return { kind: 'binary', operator: form, left: first, right: second, apply };
}

function markedLong(form: string, arg: Node): Node | undefined {
  if (form !== 'decimal' || arg.kind !== 'literal' || typeof arg.value !== 'string') return undefined;
  if (!arg.value.startsWith(longMark)) return undefined;
  return { kind: 'literal', value: canonical(BigInt(arg.value.slice(longMark.length))) };
}

function unary(arg: Node, apply: Unary): Node {
  return folded([arg], { kind: 'unary', probe: { kind: 'other' }, arg, apply }, ([value]) =>
    value === undefined ? undefined : apply(value, nothing),
  );
}

function nary(args: readonly Node[], apply: (values: readonly Value[]) => Value): Node {
  return folded(args, { kind: 'nary', args, apply }, apply);
}

function apply2(apply: Binary, left: Value | undefined, right: Value | undefined): Value | undefined {
  return left === undefined || right === undefined ? undefined : apply(left, right, nothing);
}

/** Evaluates a node of constants once. One that faults stays, and faults when it is reached. */
function folded(
  args: readonly Node[],
  node: Node,
  apply: (values: readonly Value[]) => Value | undefined,
): Node {
  const values = args.flatMap((arg) => (arg.kind === 'literal' ? [arg.value] : []));
  if (values.length !== args.length) return node;
  try {
    const value = apply(values);
    return value === undefined ? node : { kind: 'literal', value };
  } catch {
    return node;
  }
}

/** Stands for the request while constants are folded: whoever needs it is no constant. */
const nothing = new Proxy({} as never, {
  get: (): never => {
    throw new Error('a constant reads no request');
  },
});

function unknownForm(form: string): Error {
  return new Error(`this gateway does not know the Cedar construct \`${form}\``);
}
