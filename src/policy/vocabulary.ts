import { methods } from '../model/method.ts';
import type { Node } from './cedar/node.ts';
import type { Value } from './cedar/value.ts';
import { closest } from './closest.ts';

/**
 * What policies can name: every entity type and record with its attributes. A member is another shape by name, or a
 * leaf, or open: a record whose members the gateway does not know.
 */
export const shapes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Agent: { id: 'String' },
  User: {
    issuer: 'String',
    subject: 'String',
    roles: 'Set<String>',
    groups: 'Set<String>',
    tenant: 'String, optional',
    claims: 'open',
  },
  Resource: { id: 'String', kind: 'String', name: 'String', server: 'Server' },
  Server: { id: 'String' },
  Action: {},
  Context: {
    user: 'User',
    device: 'Device',
    time: 'Time',
    instant: 'datetime',
    network: 'Network',
    arguments: 'open',
    scopes: 'Set<String>',
  },
  Device: { managed: 'Bool', id: 'String, optional', observed_at: 'datetime, optional' },
  Time: {
    hour: 'Long',
    minute: 'Long',
    minute_of_day: 'Long',
    weekday: 'String',
    date: 'String',
    zone: 'String',
  },
  Network: { peer: 'ipaddr, optional' },
};

/** The entity types of the vocabulary. */
const entityTypes: readonly string[] = ['Agent', 'User', 'Resource', 'Server', 'Action'];

/** A name that the vocabulary lacks, and the tokens of the policy text where it stands. */
export interface UnknownName {
  readonly message: string;
  /** Runs of tokens, any of which marks the place; the last token of a run is the place. */
  readonly places: readonly (readonly string[])[];
}

/** The names in an expression that no request can ever have. */
export function unknownNames(node: Node): readonly UnknownName[] {
  switch (node.kind) {
    case 'literal':
      return literalNames(node.value);
    case 'variable':
      return [];
    case 'unary':
      return [...unknownNames(node.arg), ...probeNames(node)];
    case 'not':
      return unknownNames(node.arg);
    case 'binary':
    case 'and':
    case 'or':
      return [...unknownNames(node.left), ...unknownNames(node.right)];
    case 'nary':
      return node.args.flatMap(unknownNames);
    case 'if':
      return [node.test, node.consequent, node.alternative].flatMap(unknownNames);
  }
}

const variableShapes = {
  principal: 'Agent',
  action: 'Action',
  resource: 'Resource',
  context: 'Context',
} as const;

/** The shape of what an expression gives, where the vocabulary says. */
function shapeOf(node: Node): string | undefined {
  if (node.kind === 'variable') return variableShapes[node.name];
  if (node.kind === 'literal') {
    return typeof node.value === 'object' && node.value.kind === 'entity' ? node.value.type : undefined;
  }
  if (node.kind !== 'unary' || node.probe.kind !== 'get') return undefined;
  const owner = shapeOf(node.arg);
  return owner === undefined ? undefined : shapes[owner]?.[node.probe.member];
}

function probeNames({ arg, probe }: Extract<Node, { kind: 'unary' }>): readonly UnknownName[] {
  if (probe.kind === 'other') return [];
  if (probe.kind === 'is') return typeNames(probe.type, [['is', ...typeTokens(probe.type)]]);
  const members = shapes[shapeOf(arg) ?? ''];
  if (members === undefined || Object.hasOwn(members, probe.member)) return [];
  const owner = pathOf(arg);
  const meant = closest(probe.member, Object.keys(members));
  const mend =
    meant === undefined
      ? `it has ${Object.keys(members).map(quoted).join(', ') || 'none'}`
      : `did you mean \`${owner}.${meant}\`?`;
  return [
    {
      message: `unknown attribute \`${owner}.${probe.member}\`, ${mend}`,
      places: [
        ['.', probe.member],
        ['has', probe.member],
        ['[', JSON.stringify(probe.member)],
        ['has', JSON.stringify(probe.member)],
      ],
    },
  ];
}

function literalNames(value: Value): readonly UnknownName[] {
  if (typeof value !== 'object') return [];
  if (value.kind === 'set') return value.members.flatMap(literalNames);
  if (value.kind === 'record') return value.names().flatMap((name) => literalNames(value.get(name) ?? false));
  if (value.kind !== 'entity') return [];
  const places = [[...typeTokens(value.type), '::', JSON.stringify(value.id)], typeTokens(value.type)];
  const unknown = typeNames(value.type, places);
  return unknown.length === 0 && value.type === 'Action' ? actionNames(value.id, places) : unknown;
}

function typeNames(type: string, places: UnknownName['places']): readonly UnknownName[] {
  if (entityTypes.includes(type)) return [];
  const meant = closest(type, entityTypes);
  const mend =
    meant === undefined
      ? `the types are ${entityTypes.map(quoted).join(', ')}`
      : `did you mean \`${meant}\`?`;
  return [{ message: `unknown entity type \`${type}\`, ${mend}`, places }];
}

const ofServer = /^[a-z][a-z0-9-]{0,31}:./s;

function actionNames(id: string, places: UnknownName['places']): readonly UnknownName[] {
  const names = Object.keys(methods);
  if (ofServer.test(id) || names.includes(id)) return [];
  const meant = closest(id, names);
  const hint = meant === undefined ? '' : `, did you mean \`${meant}\`?`;
  const message = `no action can be \`Action::${JSON.stringify(id)}\`${hint} write \`server:tool\`, \`server:*\`, \`server:method\` or an MCP method such as \`tools/call\``;
  return [{ message: hint === '' ? message.replace('` write', '`: write') : message, places }];
}

function pathOf(node: Node): string {
  if (node.kind === 'variable') return node.name;
  if (node.kind === 'unary' && node.probe.kind === 'get') return `${pathOf(node.arg)}.${node.probe.member}`;
  return shapeOf(node) ?? 'it';
}

function typeTokens(type: string): readonly string[] {
  return type.split('::').flatMap((part, at) => (at === 0 ? [part] : ['::', part]));
}

function quoted(name: string): string {
  return `\`${name}\``;
}
