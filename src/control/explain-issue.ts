import type { z } from 'zod';
import { isJsonObject } from '../model/json.ts';
import type { Path } from './config-text.ts';
import { type JsonSchema, settingsJsonSchema } from './json-schema.ts';
import { nearest } from './nearest.ts';

/** A problem of the tree, not yet placed in the text. */
export interface TreeFault {
  readonly path: Path;
  readonly message: string;
  /** Whether it is the name of the member that is wrong. */
  readonly named?: boolean;
}

/** Says what an issue of the schema means, one fault for each wrong member. */
export function explainIssue(issue: z.core.$ZodIssue): readonly TreeFault[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: [...path, key],
      named: true,
      message: unknownMember(path, key),
    }));
  return [{ path, message: `${subject(path)} ${complaint(issue)}` }];
}

function subject(path: Path): string {
  return path.length === 0 ? 'the configuration' : `\`${formatPath(path)}\``;
}

/** `identity.issuers[0].issuer`. */
function formatPath(path: Path): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join('');
}

function unknownMember(path: Path, key: string): string {
  const known = Object.keys(schemaAt(path)?.properties ?? {});
  const guess = nearest(key, known);
  const where = path.length === 0 ? 'at the top level' : `in ${subject(path)}`;
  const mend = guess === undefined ? `known are ${list(known)}` : `did you mean \`${guess}\`?`;
  return `unknown setting \`${key}\` ${where}; ${mend}`;
}

/** The schema of the part at a path. */
function schemaAt(path: Path): JsonSchema | undefined {
  let schema: JsonSchema | undefined = settingsJsonSchema();
  for (const step of path) {
    const member: unknown =
      typeof step === 'number' ? schema?.items : (schema?.properties?.[step] ?? schema?.additionalProperties);
    schema = isJsonObject(member) ? member : undefined;
  }
  return schema;
}

function complaint(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeComplaint(types[issue.expected] ?? issue.expected, issue.input);
    case 'too_small':
      return issue.origin === 'string'
        ? 'must not be empty'
        : `must be at least ${bound(issue, issue.minimum)}`;
    case 'too_big':
      return `must be at most ${bound(issue, issue.maximum)}`;
    case 'invalid_value':
      return `must be ${list(issue.values.map(String), 'or')}`;
    case 'invalid_format':
      return `must be ${issue.message}`;
    case 'invalid_union':
      return 'must be a text, a number, true or false';
    default:
      return `is not valid: ${issue.message}`;
  }
}

const types: Readonly<Record<string, string>> = {
  string: 'a text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'a group of settings (`name: value` lines)',
  record: 'a group of settings (`name: value` lines)',
  array: 'a list',
};

function bound({ origin }: { readonly origin: string }, value: number | bigint): string {
  return origin === 'array' ? `${value} ${value === 1 ? 'entry' : 'entries'} long` : String(value);
}

function typeComplaint(wanted: string, value: unknown): string {
  if (value === undefined) return `is missing; it must be ${wanted}`;
  const isBare = typeof value === 'number' || typeof value === 'boolean';
  const mend = wanted === 'a text' && isBare ? `; write "${String(value)}" with the quotes` : '';
  return `must be ${wanted}, not ${kindOf(value)}${mend}`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'a text';
  return typeof value === 'object' ? 'a group of settings' : String(value);
}

/** The words in backticks, joined as in a sentence. */
export function list(words: readonly string[], conjunction = 'and'): string {
  const quoted = words.map((word) => `\`${word}\``);
  const last = quoted.pop();
  return quoted.length === 0 ? (last ?? 'none') : `${quoted.join(', ')} ${conjunction} ${last}`;
}
