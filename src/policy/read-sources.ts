import { isTemplate, parseErrors, policyJson } from './cedar/engine.ts';
import { type ReadPolicy, readPolicy } from './cedar/read-policy.ts';
import { markLongs, type Statement, splitStatements } from './cedar/statements.ts';
import { type PolicyProblem, problemAt } from './problem.ts';
import { type UnknownName, unknownNames } from './vocabulary.ts';

/** One file of Cedar policies. */
export interface PolicySource {
  /** Its name in messages and in the ids of policies without `@id`. */
  readonly name: string;
  readonly text: string;
}

/** A policy of a file, ready to be compiled. */
interface SourcePolicy extends ReadPolicy {
  /** The `@id` annotation, or else `file#n` by its place in the file. */
  readonly id: string;
  readonly text: string;
}

/** What files of policies hold, and everything that is wrong with them. */
export interface ReadSources {
  readonly policies: readonly SourcePolicy[];
  readonly problems: readonly PolicyProblem[];
}

/** Says what is wrong with files of policies; an empty list means that they can be used. */
export function checkPolicies(sources: readonly PolicySource[]): readonly PolicyProblem[] {
  return readSources(sources).problems;
}

/** Reads files of policies. */
export function readSources(sources: readonly PolicySource[]): ReadSources {
  const read = sources.flatMap(readSource);
  const places = new Map<string, Placed>();
  const repeated = read.flatMap((placed): readonly PolicyProblem[] => {
    const first = placed.policy && places.get(placed.policy.id);
    if (placed.policy !== undefined && first === undefined) places.set(placed.policy.id, placed);
    return first === undefined ? [] : [repeatedId(placed, first)];
  });
  return {
    policies: read.flatMap(({ policy }) => policy ?? []),
    problems: [...read.flatMap(({ problems }) => problems), ...repeated],
  };
}

interface Placed {
  readonly policy: SourcePolicy | undefined;
  readonly place: PolicyProblem;
  readonly problems: readonly PolicyProblem[];
}

function readSource(source: PolicySource): readonly Placed[] {
  const { name, text } = source;
  const errors = text.isWellFormed()
    ? parseErrors(text).map(({ message, offset }) =>
        problemAt(name, text, utf16Offset(text, offset), message),
      )
    : [problemAt(name, text, 0, 'the file is not valid Unicode: save it as UTF-8')];
  const [place] = errors;
  if (place !== undefined) return [{ policy: undefined, place, problems: errors }];
  return splitStatements(text).map((statement, at) => readStatement(source, statement, at + 1));
}

function readStatement({ name, text }: PolicySource, statement: Statement, ordinal: number): Placed {
  const at = (offset: number, message: string): PolicyProblem => problemAt(name, text, offset, message);
  const place = at(statement.offset, '');
  const refused = (message: string): Placed => ({
    policy: undefined,
    place,
    problems: [at(statement.offset, message)],
  });
  const json = policyJson(markLongs(statement));
  if ('offset' in json) return refused(isTemplate(statement.text) ? unlinked : json.message);
  try {
    const id = json.annotations?.['id'] ?? '';
    const policy = { ...readPolicy(json), id: id === '' ? `${name}#${ordinal}` : id, text: statement.text };
    const unknown = unknownNames(policy.condition);
    return { policy, place, problems: unknown.map((each) => at(placeOf(each, statement), each.message)) };
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
}

const unlinked =
  'a template whose slot is linked to nothing never applies: write the entity in place of `?principal` or `?resource`';

function repeatedId({ policy, place }: Placed, first: Placed): PolicyProblem {
  const { file, line } = first.place;
  return {
    ...place,
    message: `the id \`${policy?.id}\` is taken by ${file}:${line}: give this policy another \`@id\``,
  };
}

/** The offset of an unknown name in the file; the start of its statement where it is written in an unforeseen way. */
function placeOf({ places }: UnknownName, { tokens, offset }: Statement): number {
  for (const run of places) {
    const start = tokens.findIndex((_, at) => run.every((word, step) => tokens[at + step]?.text === word));
    if (start >= 0) return tokens[start + placeInRun(run)]?.offset ?? offset;
  }
  return offset;
}

/** An attribute stands behind its dot; a type begins its run. */
function placeInRun(run: readonly string[]): number {
  return ['.', 'has', '[', 'is'].includes(run[0] ?? '') ? 1 : 0;
}

/** The engine counts bytes of UTF-8, editors and JavaScript UTF-16 units. */
function utf16Offset(text: string, bytes: number): number {
  return Buffer.from(text).subarray(0, bytes).toString().length;
}
